import GRDB
import Glibc
import Logging
import Observations
import Synchronization
import WormholeWire

/// Keeps the usage database: records as they come and the `current` row, on a thread of its own.
///
/// One short transaction at most every second holds all that has come since the last one. While the database is locked,
/// full or gone the records wait in a bounded queue, and writing resumes by itself; a file that was deleted is made anew.
final class UsageDatabaseWriter: Sendable {
    /// How long one transaction waits for another program's lock: 250 tries of 20 ms.
    static let lockTries = 250
    /// Between two tries at the end, of which one that fails at once would otherwise follow the other.
    static let lastPauseMicroseconds: UInt32 = 100_000
    /// Records of one transaction, so that it stays short.
    static let batchSize = 4096

    let configuration: TelemetryConfiguration
    let started: Timestamp
    let queue: RecordQueue
    let metrics: UsageMetrics
    let pipeline: ObservationPipeline
    let logger: Logger
    private let file: UsageDatabaseFile
    private let levels = Mutex(CurrentRow.Levels())
    private let thread = Mutex<WorkerThread?>(nil)
    /// The monotonic time after which nothing is waited for any longer.
    private let deadline: Deadline

    /// Opens the database once, so that a file we cannot use is known at start.
    ///
    /// - Throws: ``TelemetryError`` naming the file.
    init(
        path: String,
        configuration: TelemetryConfiguration,
        metrics: UsageMetrics,
        pipeline: ObservationPipeline,
        logger: Logger
    ) throws(TelemetryError) {
        self.configuration = configuration
        self.metrics = metrics
        self.pipeline = pipeline
        self.logger = logger
        started = WallClock.now
        queue = RecordQueue(for: .database, capacity: configuration.sinkCapacity, metrics: metrics)
        let deadline = Deadline()
        self.deadline = deadline
        file = UsageDatabaseFile(path: path, schema: configuration.usageSchema) { tries in
            guard tries < Self.lockTries, !deadline.hasPassed else { return false }
            usleep(20_000)
            return true
        }
        _ = try UsageDatabase(file)
    }

    func start() {
        let thread = WorkerThread(name: "usage-db") { self.run() }
        self.thread.withLock { $0 = thread }
    }

    /// Adds records. From the telemetry thread.
    func append(_ records: [UsageRecord]) { queue.append(records) }

    /// Counts records that could not be held until their window is over. From the telemetry thread.
    func drop(_ records: [UsageRecord]) { queue.refuse(records) }

    /// What the next `current` row shows. From the telemetry thread.
    func update(_ levels: CurrentRow.Levels) { self.levels.withLock { $0 = levels } }

    /// Writes what is queued and a last `current` row, and closes. What the database does not take within `timeout` is
    /// dropped.
    func stop(within timeout: Duration) async {
        update(CurrentRow.Levels())
        deadline.set(after: timeout)
        queue.close()
        await thread.withLock { $0 }?.waitForEnd()
    }

    // MARK: The thread

    private func run() {
        let session = UsageDatabaseSession(file: file, writer: self)
        var lastWrite = MonotonicClock.nanoseconds
        var isBehind = session.write(currentRow) && queue.count >= Self.batchSize
        while !queue.isClosed {
            // One short transaction, and then records come first again.
            while queue.count == 0, session.deleteSomeOldRecords() { queue.pause(.milliseconds(5)) }
            queue.wait(
                upTo: min(
                    configuration.currentInterval - MonotonicClock.duration(since: lastWrite),
                    session.retention.rest
                )
            )
            let age = MonotonicClock.duration(since: lastWrite)
            guard queue.count > 0 || age >= configuration.currentInterval else { continue }
            if !isBehind { queue.pause(configuration.commitInterval - age) }
            if queue.isClosed { break }
            lastWrite = MonotonicClock.nanoseconds
            isBehind = session.write(currentRow) && queue.count >= Self.batchSize
        }
        while true {
            let isWritten = session.write(currentRow)
            if (isWritten && queue.count == 0) || deadline.hasPassed { break }
            if !isWritten { usleep(Self.lastPauseMicroseconds) }
        }
        queue.drop(queue.take(upTo: .max))
    }

    private var currentRow: CurrentRow {
        CurrentRow(
            rebooted: started,
            updated: WallClock.now,
            blurSeconds: configuration.blurSeconds > 0 ? configuration.blurSeconds : nil,
            levels: levels.withLock { $0 }
        )
    }
}
