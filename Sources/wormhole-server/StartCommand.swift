import Appliance
import ArgumentParser
import LinuxIO

/// Both services and the admin endpoint in one process.
struct StartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Run the mailbox server, the transit relay and the admin endpoint.",
        discussion: """
            Endpoints are written as in Twisted: tcp:PORT[:interface=ADDRESS][:backlog=N], tcp6:..., \
            unix:PATH[:mode=660], systemd:NAME, haproxy:ENDPOINT. 'none' switches a listener off. Without an interface a listener takes \
            IPv4 and IPv6; port 0 is any free port, and the log tells which.
            """
    )

    @Option(parsing: .unconditional, help: ArgumentHelp("Where the mailbox server listens.", valueName: "endpoint"))
    var mailbox = "tcp:4000"

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Where the relay listens for TCP; may be repeated.", valueName: "endpoint")
    )
    var transit = ["tcp:4001"]

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Where the relay listens for WebSocket; may be repeated.", valueName: "endpoint")
    )
    var transitWebsocket = ["tcp:4002"]

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Where /metrics and its neighbours are.", valueName: "endpoint")
    )
    var admin = "tcp:4003:interface=127.0.0.1"

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The folder of the databases (default: $STATE_DIRECTORY if set, else the current directory).",
            valueName: "folder"
        )
    )
    var stateDir: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The usage database, in the state folder; 'none' for none.", valueName: "file")
    )
    var usageDb = "usage.sqlite"

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Round recorded start times down to a multiple of this; 0: exact.", valueName: "seconds")
    )
    var blurUsage = 3600

    @OptionGroup(title: "Admin endpoint")
    var adminOptions: AdminOptions

    @OptionGroup(title: "Mailbox server")
    var mailboxOptions: MailboxOptions

    @OptionGroup(title: "Transit relay")
    var transitOptions: TransitOptions

    @OptionGroup(title: "Usage records")
    var logOptions: RecordLogOptions

    @OptionGroup(title: "Who may come in")
    var accessOptions: AccessOptions

    @OptionGroup(title: "Process")
    var processOptions: ProcessOptions

    func validate() throws {
        guard ([mailbox] + transit + transitWebsocket).contains(where: { $0 != EndpointText.none }) else {
            throw ValidationError("All services are switched off: there is nothing to run.")
        }
        try RecordLogOptions.checkBlur(blurUsage)
    }

    func run() async throws {
        try await Appliance(try configuration(), origins: .ofProcess).run()
    }

    func configuration() throws -> ApplianceConfiguration {
        let folder = stateDir ?? StateDirectory.standard(environment: processEnvironment)
        var configuration = ApplianceConfiguration()
        configuration.stateDirectory = folder
        configuration.mailbox = try EndpointText.endpoint(mailbox).map {
            try mailboxOptions.settings(endpoint: $0, stateDirectory: folder, profile: .standard)
        }
        let tcp = try EndpointText.endpoints(transit)
        let webSocket = try EndpointText.endpoints(transitWebsocket)
        if !tcp.isEmpty || !webSocket.isEmpty {
            configuration.transit = transitOptions.settings(
                tcp: tcp,
                webSocket: webSocket,
                standardLimits: .forEverybody
            )
        }
        configuration.admin = try EndpointText.endpoint(admin)
        try adminOptions.apply(to: &configuration, folder: folder)
        configuration.records.databasePath =
            usageDb == EndpointText.none ? nil : StateDirectory.path(of: usageDb, in: folder)
        configuration.records.blurSeconds = blurUsage
        try logOptions.apply(to: &configuration.records, standardKinds: .all)
        accessOptions.apply(to: &configuration)
        processOptions.apply(to: &configuration)
        return configuration
    }
}
