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
        help: ArgumentHelp("Where to listen; tcp:PORT alone is every IPv4 address.", valueName: "endpoint")
    )
    var port = #"tcp:4000:interface=\:\:"#

    @OptionGroup
    var serviceOptions: SingleServiceOptions

    @OptionGroup
    var mailboxOptions: MailboxOptions

    @OptionGroup
    var logOptions: RecordLogOptions

    @OptionGroup(title: "Who may come in")
    var accessOptions: AccessOptions

    @OptionGroup(title: "Process")
    var processOptions: ProcessOptions

    func run() async throws {
        try await Appliance(try configuration(), origins: .ofProcess).run()
    }

    func configuration() throws -> ApplianceConfiguration {
        var configuration = ApplianceConfiguration()
        configuration.mailbox = try mailboxOptions.settings(
            endpoint: Endpoint(port, wildcard: .everyIPv4Address),
            stateDirectory: ".",
            profile: .original
        )
        try serviceOptions.apply(to: &configuration)
        // The original took the descriptor and never wrote to it.
        try logOptions.apply(to: &configuration.records, standardKinds: .none)
        accessOptions.apply(to: &configuration)
        processOptions.apply(to: &configuration)
        return configuration
    }
}
