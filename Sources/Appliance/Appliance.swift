internal import Admin
internal import Glibc
internal import LinuxIO
internal import Logging
internal import MailboxService
internal import Observations
internal import Telemetry
internal import TransitService
internal import UnixSignals

/// The whole server: opens, composes, starts, waits for a signal, stops in reverse.
///
///     check folder ─▶ open listeners ─▶ open databases ─▶ start ─▶ ready ──signal──▶ drain ─▶ flush ─▶ end
///
/// Everything that can fail does so before the first client is served.
package struct Appliance: Sendable {
    private let configuration: ApplianceConfiguration
    private let origins: SettingOrigins
    private let logCounts = LogCounts()
    private let levels: LogLevelSwitch

    /// - Parameter origins: Where the settings come from, for `/config`.
    package init(_ configuration: ApplianceConfiguration, origins: SettingOrigins = SettingOrigins()) {
        self.configuration = configuration
        self.origins = origins
        levels = LogLevelSwitch(configuration.logLevel)
    }

    /// Runs until a signal has ended it.
    ///
    /// - Throws: An error whose description is one line, when something cannot be started.
    package func run() async throws {
        HeapUse.growInLargeSteps()
        _ = Glibc.signal(SIGPIPE, SIG_IGN)
        // A limit on the size of files is a disk that refuses, not a reason to die.
        _ = Glibc.signal(SIGXFSZ, SIG_IGN)
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup, .sigusr1)
        let file = try configuration.logFile.map { try LogFile(path: $0) }
        let write = file.map { file in { @Sendable line in file.write(line) } }
        let output = LogOutput(levels: levels, counts: logCounts, write: write ?? LogOutput.writeToStandardError)
        let logger = { @Sendable [configuration] (label: String) in
            switch configuration.logFormat {
            case .text: Logger(label: label) { LineLogHandler(label: $0, output: output) }
            case .json: Logger(label: label) { JSONLogHandler(label: $0, output: output) }
            }
        }
        let log = logger("server")
        let limit = OpenFileLimit.raise()
        if let stateDirectory = configuration.stateDirectory { try StateDirectory.check(stateDirectory) }

        let token = try configuration.adminTokenFile.map { try AdminToken(file: $0) }
        var listeners = try Listeners.open(configuration)
        let paths = listeners.paths
        defer { for path in paths { path.remove() } }
        let parts = try Parts(
            configuration,
            origins: origins,
            token: AdminTokenHolder(token),
            listeners: &listeners,
            logCounts: logCounts,
            levels: levels,
            logger: logger
        )
        if let limit { log.info("\(limit.summary)") }
        try await parts.start()
        log.info("ready")

        await parts.run(until: signals)
        log.info("stopped")
    }
}
