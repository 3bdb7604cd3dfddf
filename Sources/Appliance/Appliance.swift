internal import Admin
internal import CSQLite
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
        HeapUse.grow(inStepsOf: Self.heapAtStart)
        // Refused when a database has been open in this process before: then the statistics go on.
        _ = csqlite_skip_memory_statistics()
        _ = Glibc.signal(SIGPIPE, SIG_IGN)
        // A limit on the size of files is a disk that refuses, not a reason to die.
        _ = Glibc.signal(SIGXFSZ, SIG_IGN)
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup, .sigusr1)
        let writer = try LogWriter(to: configuration.logFile, as: configuration.logFormat, counts: logCounts)
        do {
            try await run(until: signals, logging: writer)
        } catch {
            await writer.close(within: Self.logPatience)
            throw error
        }
        await writer.close(within: Self.logPatience)
    }

    /// What the threads that read the databases may need, in bytes; they hold some hundred of each mailbox.
    private static let heapAtStart: Int32 = 32 << 20

    /// How long the last lines of the log are waited for.
    private static let logPatience = Duration.seconds(2)

    private func run(until signals: UnixSignalsSequence, logging writer: LogWriter) async throws {
        let output = LogOutput(levels: levels, counts: logCounts) { writer.offer($0) }
        let logger = { @Sendable [configuration] (label: String) in
            switch configuration.logFormat {
            case .text: Logger(label: label) { LineLogHandler(label: $0, output: output) }
            case .json: Logger(label: label) { JSONLogHandler(label: $0, output: output) }
            }
        }
        let log = logger("server")
        let limit = OpenFileLimit.raise()
        var limits = LimitOverrides()
        if let stateDirectory = configuration.stateDirectory {
            try StateDirectory.check(stateDirectory)
            limits = LimitOverrides(persisted: try LimitFile(in: stateDirectory).read())
        }

        let access = try configuration.accessFiles.read()
        let token = try configuration.adminTokenFile.map { try AdminToken(file: $0) }
        var listeners = try Listeners.open(configuration)
        let paths = listeners.paths
        defer { for path in paths { path.remove() } }
        let parts = try Parts(
            configuration,
            limits: limits,
            access: access,
            origins: origins,
            token: AdminTokenHolder(token),
            listeners: &listeners,
            logCounts: logCounts,
            levels: levels,
            logger: logger
        )
        HeapUse.grow(inStepsOf: 1 << 20)
        if let limit { log.info("\(limit.summary)") }
        if !limits.persisted.isEmpty { log.info("limits of \(LimitFile.name) in force: \(limits.summary)") }
        try await parts.start()
        log.info("ready")

        await parts.run(until: signals)
        log.info("stopped")
    }
}
