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

    private let configuration: TelemetryConfiguration
    let pipeline: ObservationPipeline
    private let logger: Logger
    private let text: Exposition
    private let processSampler: ProcessSampler
    private let fileSampler: FileSampler
    private let database: UsageDatabaseWriter?
    private let log: JSONLogWriter?
    private let thread = Mutex<WorkerThread?>(nil)
    private let isStopping = Atomic<Bool>(false)

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
        state = ProcessState(checks: configuration.allChecks)
        metrics = MetricTable(configuration)
        text = Exposition(metrics.families)
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

    /// All metrics in Prometheus' text format 0.0.4.
    ///
    /// Callable from any thread; takes no lock that a service takes.
    package func exposition() -> [UInt8] {
        let start = MonotonicClock.nanoseconds
        let failures = processSampler.sample() + fileSampler.sample()
        if failures > 0 { metrics.admin.collectErrors.add(Double(failures)) }
        sampleLoops()
        let bytes = text.text()
        metrics.admin.collectSeconds.set(MonotonicClock.duration(since: start).seconds)
        return bytes
    }

    private func sampleLoops() {
        metrics.process.loopLag.storage.store(sumOf: heartbeats.all.map(\.lag))
        metrics.process.loopHeartbeat.set(heartbeats.oldestAge.map { WallClock.now.seconds - $0.seconds } ?? 0)
    }

    private func run() {
        ObservationReader(
            metrics: MetricReader(table: metrics),
            state: state,
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
