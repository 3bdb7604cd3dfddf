import Appliance
import ArgumentParser
import LinuxIO
import Telemetry

/// The transit relay alone, with the options of `twist transitrelay`.
struct TransitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "transit",
        abstract: "Run the transit relay alone, with the options of 'twist transitrelay'."
    )

    @Option(
        name: [.customShort("p"), .long],
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Where to listen for TCP; may be repeated.", valueName: "endpoint")
    )
    var port = ["tcp:4001"]

    @Option(
        name: [.customShort("w"), .long],
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Where to listen for WebSocket (default: nowhere); may be repeated.", valueName: "endpoint")
    )
    var websocket: [String] = []

    @OptionGroup
    var serviceOptions: SingleServiceOptions

    @OptionGroup
    var transitOptions: TransitOptions

    @OptionGroup
    var logOptions: RecordLogOptions

    @OptionGroup(title: "Who may come in")
    var accessOptions: AccessOptions

    @OptionGroup(title: "Process")
    var processOptions: ProcessOptions

    /// The original's name for itself, which command lines copied from unit files still carry.
    @Argument(help: .hidden)
    var plugin: String?

    func validate() throws {
        guard plugin == nil || plugin == "transitrelay" else {
            throw ValidationError("Unexpected argument '\(plugin ?? "")'")
        }
    }

    func run() async throws {
        try await Appliance(try configuration(), origins: .ofProcess).run()
    }

    func configuration() throws -> ApplianceConfiguration {
        var configuration = ApplianceConfiguration()
        configuration.transit = transitOptions.settings(
            tcp: try port.map { try Endpoint($0) },
            webSocket: try websocket.map { try Endpoint($0) },
            standardLimits: TransitLimitSettings()
        )
        try serviceOptions.apply(to: &configuration)
        configuration.records.schema = .transitOnly
        try logOptions.apply(to: &configuration.records, standardKinds: .transit)
        accessOptions.apply(to: &configuration)
        processOptions.apply(to: &configuration)
        return configuration
    }
}
