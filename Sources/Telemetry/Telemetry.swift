import Dispatch
package import Logging
package import Observations
import Synchronization
import WormholeWire

/// The readers of everything the services observe: metric table, usage database, JSON log, and the state that probes ask for.
///
///                                  ┌─▶ metrics ─▶ exposition()
///     pipeline ─▶ telemetry thread ┼─▶ state ─▶ probes
///                                  └─▶ record ─▶ blur ─┬─▶ queue ─▶ usage database   (each on its own thread)
///                                                      └─▶ queue ─▶ JSON log
///
/// When privacy is strict, everything waits for the end of its window before it leaves the telemetry thread.
///
/// Nothing here can slow a service: the pipeline and both queues are bounded, and what does not fit is dropped and counted.
package final class Telemetry: Sendable {
    package let build: BuildInfo
    package let state: ProcessState
    /// Where event loops register to be watched.
    package let heartbeats = LoopHeartbeats()
    package let metrics: MetricTable
    /// Whether the state of the services agrees with itself.
    package let consistency: ConsistencyChecks
    /// For those who rarely have something to say.
    package let reporter: ObservationReporter

    let configuration: TelemetryConfiguration
    let pipeline: ObservationPipeline
    private let logger: Logger
    private let processSampler: ProcessSampler
    private let fileSampler: FileSampler
    private let database: UsageDatabaseWriter?
    private let log: JSONLogWriter?
    private let thread = Mutex<WorkerThread?>(nil)
    private let isStopping = Atomic<Bool>(false)
    /// The texts of what never changes in each format, made when it is first asked for. Several threads of the admin endpoint may
    /// ask at a time.
    private let collecting = Mutex<[MetricsFormat: Exposition]>([:])

    /// Opens the sinks; nothing is read or written before ``start()``.
    ///
    /// - Throws: ``TelemetryError``, one clear line, when the usage database or the log descriptor cannot be used.
    package init(
        configuration: TelemetryConfiguration,
        pipeline: ObservationPipeline,
        logger: Logger
    ) throws(TelemetryError) {
        self.configuration = configuration
        self.pipeline = pipeline
        self.logger = logger
        build = configuration.build
        reporter = ObservationReporter(pipeline)
        consistency = ConsistencyChecks(reporter: reporter)
        state = ProcessState(checks: configuration.allChecks)
        metrics = MetricTable(configuration)
        processSampler = ProcessSampler(metrics: metrics.process)
        fileSampler = FileSampler(metrics: metrics.usage, configuration: configuration)
        if let descriptor = configuration.logDescriptor {
            log = try JSONLogWriter(
                descriptor: descriptor,
                configuration: configuration,
                metrics: metrics.usage,
                pipeline: pipeline,
                logger: logger
            )
        } else {
            log = nil
        }
        if let path = configuration.usageDatabasePath {
            database = try UsageDatabaseWriter(
                path: path,
                configuration: configuration,
                metrics: metrics.usage,
                pipeline: pipeline,
                logger: logger
            )
        } else {
            database = nil
        }
    }

    /// Starts reading. Call once, before the services start.
    package func start() {
        database?.start()
        log?.start()
        let thread = WorkerThread(name: "telemetry") { self.run() }
        self.thread.withLock { $0 = thread }
    }

    /// Reads what is still in the pipeline, writes it to every sink and closes them. Call after the services have stopped.
    ///
    /// Takes ``TelemetryConfiguration/flushTimeout`` and a little more at most; what a locked database or a stuck reader has
    /// not taken by then is dropped.
    package func stop() async {
        isStopping.store(true, ordering: .sequentiallyConsistent)
        pipeline.interrupt()
        await thread.withLock { $0 }?.waitForEnd()
        let timeout = configuration.flushTimeout
        async let databaseStopped: Void? = database?.stop(within: timeout)
        async let logStopped: Void? = log?.stop(within: timeout)
        _ = await (databaseStopped, logStopped)
    }

    /// The metrics as Prometheus reads them.
    ///
    /// Callable from any thread; takes no lock that a service takes.
    ///
    /// - Parameter sections: Which parts of the table; `nil` for all.
    package func exposition(
        as format: MetricsFormat = .text,
        of sections: Set<MetricFamily.Section>? = nil
    ) -> [UInt8] {
        collecting.withLock { expositions in
            let start = MonotonicClock.nanoseconds
            let failures = processSampler.sample() + fileSampler.sample()
            if failures > 0 { metrics.admin.collectErrors.add(Double(failures)) }
            sampleLoops()
            sampleConnections()
            for level in LogLevel.allCases {
                metrics.usage.logLines.store(Double(configuration.logCounts.value(level)), level)
            }
            metrics.usage.logLinesDropped.store(Double(configuration.logCounts.dropped), .journal)
            let exposition = expositions[format] ?? Exposition(metrics.families, as: format)
            expositions[format] = exposition
            let bytes = exposition.text(of: sections)
            metrics.admin.collectSeconds.set(MonotonicClock.duration(since: start).seconds)
            return bytes
        }
    }

    /// Brings up to date what is looked at only when somebody asks: connections and the lateness of loops.
    ///
    /// Callable from any thread; takes no lock that a service takes.
    package func refreshSampled() {
        collecting.withLock { _ in
            sampleLoops()
            sampleConnections()
        }
    }

    private func sampleConnections() {
        var mailbox = 0
        for kind in ConnectionKind.allCases {
            let count = pipeline.openConnections(kind)
            metrics.connections.open.set(Double(count), kind.component, kind.transport, kind.family)
            if kind.component == .mailbox { mailbox += count }
        }
        let isDraining = state.lifecycle == .draining
        metrics.process.drainRemaining.set(isDraining ? Double(mailbox) : 0, .mailbox)
        metrics.process.drainRemaining.set(isDraining ? metrics.transit.activeSessions.value() : 0, .transit)
    }

    private func sampleLoops() {
        metrics.process.loopLag.storage.store(sumOf: heartbeats.all.map(\.lag))
        metrics.process.loopHeartbeat.set(heartbeats.oldestAge.map { WallClock.now.seconds - $0.seconds } ?? 0)
    }

    private func run() {
        ObservationReader(
            metrics: MetricReader(table: metrics),
            state: state,
            selfTest: configuration.selfTestIdentity,
            blur: configuration.blur,
            heldMetrics: metrics.held,
            database: database,
            log: log
        )
        .run(pipeline, logger: logger, dropped: metrics.process.observationsDropped) {
            self.isStopping.load(ordering: .sequentiallyConsistent)
        }
    }
}
