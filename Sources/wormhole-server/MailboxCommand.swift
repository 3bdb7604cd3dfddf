import Appliance
import ArgumentParser
import LinuxIO

/// The mailbox server alone, with the options of `twist wormhole-mailbox`.
struct MailboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mailbox",
        abstract: "Run the mailbox server alone, with the options of 'twist wormhole-mailbox'."
    )

    @Option(
        name: [.customShort("p"), .long],
        parsing: .unconditional,
        help: ArgumentHelp("Where to listen.", valueName: "endpoint")
    )
    var port = #"tcp:4000:interface=\:\:"#

    @Option(parsing: .unconditional, help: ArgumentHelp("Record usage in this SQLite database.", valueName: "file"))
    var usageDb: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Round recorded start times down to a multiple of this; 0: exact.", valueName: "seconds")
    )
    var blurUsage = 0

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Where /metrics and its neighbours are (default: nowhere).", valueName: "endpoint")
    )
    var admin = EndpointText.none

    @Option(parsing: .unconditional, help: .hidden)
    var addridDb: String?

    @Option(parsing: .unconditional, help: .hidden)
    var generationDuration: Int?

    @OptionGroup
    var mailboxOptions: MailboxOptions

    @OptionGroup
    var logOptions: RecordLogOptions

    @OptionGroup(title: "Process")
    var processOptions: ProcessOptions

    func validate() throws {
        try RecordLogOptions.checkBlur(blurUsage)
    }

    func run() async throws {
        try await Appliance(try configuration()).run()
    }

    func configuration() throws -> ApplianceConfiguration {
        var configuration = ApplianceConfiguration()
        configuration.mailbox = try mailboxOptions.settings(endpoint: Endpoint(port), stateDirectory: ".")
        configuration.admin = try EndpointText.endpoint(admin)
        configuration.records.databasePath = usageDb
        configuration.records.blurSeconds = blurUsage
        // The original took the descriptor and never wrote to it.
        logOptions.apply(to: &configuration.records, standardKinds: .none)
        processOptions.apply(to: &configuration)
        return configuration
    }
}
