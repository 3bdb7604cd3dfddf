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
    private let logCounts = LogCounts()

    package init(_ configuration: ApplianceConfiguration) {
        self.configuration = configuration
    }

    /// Runs until a signal has ended it.
    ///
    /// - Throws: An error whose description is one line, when something cannot be started.
    package func run() async throws {
        _ = Glibc.signal(SIGPIPE, SIG_IGN)
        // A limit on the size of files is a disk that refuses, not a reason to die.
        _ = Glibc.signal(SIGXFSZ, SIG_IGN)
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
        let output = try configuration.logFile.map { try LogFile(path: $0) }
        let write = output.map { output in { @Sendable line in output.write(line) } }
        let logger = { @Sendable [configuration, logCounts] (label: String) in
            Logger(label: label) {
                LineLogHandler(
                    label: $0,
                    level: configuration.logLevel,
                    counts: logCounts,
                    write: write ?? LineLogHandler.writeToStandardError
                )
            }
        }
        let log = logger("server")
        let limit = OpenFileLimit.raise()
        if let stateDirectory = configuration.stateDirectory { try StateDirectory.check(stateDirectory) }

        var listeners = try Listeners.open(configuration)
        let paths = listeners.paths
        defer { for path in paths { path.remove() } }
        let parts = try Parts(configuration, listeners: &listeners, logCounts: logCounts, logger: logger)
        if let limit { log.info("\(limit.summary)") }
        try await parts.start()
        log.info("ready")

        await parts.run(until: signals)
        log.info("stopped")
    }
}
