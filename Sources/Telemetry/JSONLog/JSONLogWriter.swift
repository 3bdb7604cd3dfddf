import Glibc
import Logging
import Observations
import Synchronization
import WormholeWire

/// Writes one line of JSON per usage record to a descriptor that someone else has opened and someone else reads.
///
/// The descriptor stays as it is: it may be shared with other programs, so it is not made non-blocking. Each line is one
/// `write(2)`, on a thread of its own behind a bounded queue, so that a slow, stopped or vanished reader costs records and
/// nothing else. A reader that comes back gets whole lines again.
final class JSONLogWriter: Sendable {
    private let descriptor: CInt
    private let kinds: Set<RecordKind>
    private let queue: RecordQueue
    private let metrics: UsageMetrics
    private let pipeline: ObservationPipeline
    private let logger: Logger
    private let thread = Mutex<WorkerThread?>(nil)
    /// Nobody waits for the reader any longer.
    private let hasGivenUp = Atomic<Bool>(false)

    /// - Throws: ``TelemetryError`` when the descriptor is not open for writing.
    init(
        descriptor: CInt,
        configuration: TelemetryConfiguration,
        metrics: UsageMetrics,
        pipeline: ObservationPipeline,
        logger: Logger
    ) throws(TelemetryError) {
        let flags = fcntl(descriptor, F_GETFL)
        guard flags >= 0 else {
            throw TelemetryError(.unusableDescriptor, "descriptor \(descriptor) for the usage log is not open")
        }
        guard flags & O_ACCMODE != O_RDONLY else {
            throw TelemetryError(
                .unusableDescriptor,
                "descriptor \(descriptor) for the usage log is not open for writing"
            )
        }
        self.descriptor = descriptor
        kinds = configuration.logKinds
        queue = RecordQueue(for: .logDescriptor, capacity: configuration.sinkCapacity, metrics: metrics)
        self.metrics = metrics
        self.pipeline = pipeline
        self.logger = logger
    }

    func start() {
        let thread = WorkerThread(name: "usage-log") { self.run() }
        self.thread.withLock { $0 = thread }
    }

    /// Adds those records that get a line. From the telemetry thread.
    func append(_ records: [UsageRecord]) {
        queue.append(kinds.count == RecordKind.allCases.count ? records : records.filter { kinds.contains($0.kind) })
    }

    /// Counts records that could not be held until their window is over. From the telemetry thread.
    func drop(_ records: [UsageRecord]) { queue.refuse(records.filter { kinds.contains($0.kind) }) }

    /// Writes what is queued and ends. When the reader does not take it within `timeout`, the rest is dropped.
    func stop(within timeout: Duration) async {
        queue.close()
        guard let thread = thread.withLock({ $0 }) else { return }
        if await thread.waitForEnd(upTo: timeout) { return }
        hasGivenUp.store(true, ordering: .relaxed)
        // A line longer than a pipe takes at once can hold the thread inside write(2): it is left behind then.
        if await !thread.waitForEnd(upTo: .seconds(2)) {
            logger.warning("the reader of the usage log is stuck in the middle of a line; leaving it")
        }
    }

    // MARK: The thread

    private func run() {
        var output = LineOutput(descriptor: descriptor) { self.hasGivenUp.load(ordering: .relaxed) }
        var health = Health(source: pipeline.makeSource(capacity: 64), logger: logger)
        while !hasGivenUp.load(ordering: .relaxed) {
            let records = queue.take(upTo: 1)
            guard let record = records.first else {
                if queue.isClosed { break }
                health.isIdle()
                queue.wait(upTo: .seconds(600))
                continue
            }
            do throws(LineOutput.Failure) {
                try output.write(JSONLine(record).bytes) { health.hasFailed("its reader takes nothing") }
                queue.settle()
                metrics.records.add(1, .logDescriptor, record.kind, .written)
                metrics.lastWrite.set(WallClock.now.seconds, .logDescriptor)
                health.hasWritten()
            } catch {
                queue.drop(records)
                health.hasFailed(error.reason)
            }
        }
        queue.drop(queue.take(upTo: .max))
    }

    /// Whether lines get through, told once when it changes: to the probes, and in the server's own log.
    private struct Health {
        let source: ObservationSource
        let logger: Logger
        private var isGood: Bool?

        init(source: ObservationSource, logger: Logger) {
            self.source = source
            self.logger = logger
        }

        /// Nothing is left to write.
        mutating func isIdle() {
            if isGood == nil { change(to: true) }
        }

        mutating func hasWritten() {
            if isGood == false { logger.info("the usage log is written again") }
            change(to: true)
        }

        mutating func hasFailed(_ reason: String) {
            if isGood != false {
                logger.warning("the usage log cannot be written (\(reason)); what does not fit in the queue is dropped")
            }
            change(to: false)
        }

        private mutating func change(to isGoodNow: Bool) {
            guard isGood != isGoodNow else { return }
            isGood = isGoodNow
            source.append(.readinessChanged(.logDescriptor, isReady: isGoodNow))
            source.flush()
        }
    }
}
