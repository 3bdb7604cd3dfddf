import MailboxRules
import NIOCore
import Observations
import Sockets
import WormholeWire

/// Writes the store's changes down behind the loop that makes them, in groups.
///
///     loop ──append──▶ [pending] ──a batch, while none is being written──▶ an errand of the loop ──committed──▶ loop
///
/// Everything that piled up while the last commit ran is one transaction, so that batches grow by themselves under load and a
/// lone client waits for one commit. Confined to the event loop; only the database is used on errands, by one batch at a time.
final class Journal {
    /// A point in the sequence of all changes: how many have been appended so far.
    typealias Point = UInt64

    /// What the loop is told. Called on the loop.
    struct Handler {
        /// Everything up to the point is stored.
        let committed: (Point) -> Void
        /// Nothing after the last committed point is stored, and nothing will be until ``recovered``.
        let failed: (ChannelDatabaseError) -> Void
        /// Changes can be written again; this is what is stored.
        let recovered: (StoredChannels) -> Void
    }

    private struct Aside {
        let work: @Sendable (ChannelDatabase) throws -> Int
        let failed: () -> Void
    }

    /// So much may wait to be written beside the changes.
    private static let maximumAsides = 4
    /// How long the journal rests between attempts to write after a failure.
    static let retryInterval = TimeAmount.seconds(1)
    /// A log of this many pages is moved into the file even under load. From then on it is written over from its
    /// beginning, and a commit that does not make its file longer is flushed in half the time.
    private static let checkpointPages = 2_000
    /// When changes came while a commit ran, the next one waits this long: the clients the first one has answered say their
    /// next thing meanwhile, and a quarter of all commits is saved. Less than a commit takes; a lone client never waits.
    private static let gatheringTime = TimeAmount.microseconds(150)
    /// As long as every look at the sockets brings new changes, they are added to the batch, for so long at most. That costs
    /// no sleep: what a busy loop would come to next comes first, and another quarter of all commits is saved.
    private static let collectingTime = TimeAmount.microseconds(500)
    /// After so many looks that brought nothing, none is taken until several clients speak at once.
    private static let vainLooksOfOne = 8
    /// A commit of at most so many changes is waited for by the loop itself, when the last few took no longer than this:
    /// waking another thread, and being woken by it, takes nearly as long as the disk does.
    private static let quickBatch = (changes: 16, duration: Duration.microseconds(500))
    /// Nothing written for this long: time to move the log into the file.
    private static let idleInterval = TimeAmount.seconds(1)

    /// About what a change takes in memory besides a message.
    private static let perChange = 256

    /// The point of the last change appended.
    private(set) var appended: Point = 0
    /// The point up to which everything is stored.
    private(set) var committed: Point = 0

    private let database: ChannelDatabase
    private let eventLoop: SocketLoop
    private let source: ObservationSource
    private var handler: Handler?

    private var pending: [Change] = []
    /// Bytes of them, roughly, apart from those that are being written.
    private(set) var backlogBytes = 0
    /// How long commits took of late.
    private var typicalDuration = Duration.zero
    private var isBusy = false
    private var isGathering = false
    /// The sockets are being looked at for more.
    private var isCollecting = false
    /// What had been appended before they were.
    private var collected: Point = 0
    private var collectingEnds: NIODeadline?
    /// How many looks one after the other have brought nothing.
    private var vainLooks = 0
    private var hasFailed = false
    /// What is to be written beside the changes, and waits for a batch that is being written.
    private var asides: [Aside] = []
    /// How long the log is, in pages.
    private var logPages = 0
    /// Whether some of them are not in the file yet.
    private var hasNewPages = false
    /// How long the log may become until the next checkpoint.
    private var checkpointDue = Journal.checkpointPages
    private var idleTimer: Scheduled<Void>?
    private var lastWrite = NIODeadline.uptimeNanoseconds(0)
    private var waitingForIdle: [EventLoopPromise<Void>] = []

    init(database: ChannelDatabase, eventLoop: SocketLoop, source: ObservationSource) {
        self.database = database
        self.eventLoop = eventLoop
        self.source = source
    }

    func start(_ handler: Handler) {
        self.handler = handler
    }

    /// Adds a change to the next batch.
    func append(_ change: Change) {
        pending.append(change)
        appended += 1
        backlogBytes += Self.perChange
        if case .messageAdded(_, _, let message) = change { backlogBytes += message.storedBytes }
    }

    /// Hands the batch over, unless one is being written or collected. Call once per turn of the loop.
    func flush() {
        guard !isBusy, !isGathering, !isCollecting, !hasFailed else { return }
        guard asides.isEmpty else { return write(asides.removeFirst()) }
        guard !pending.isEmpty else { return settle() }
        guard isCollected || isAlone else { return collect() }
        collectingEnds = nil
        let batch = pending
        pending.removeAll(keepingCapacity: true)
        backlogBytes = 0
        let point = appended
        let isForLong = batch.count > Self.quickBatch.changes || typicalDuration > Self.quickBatch.duration
        perform(isForLong: isForLong, { database in try database.write(batch) }) { journal, result, duration in
            switch result {
            case .success(let pages):
                journal.typicalDuration += (duration - journal.typicalDuration) / 4
                journal.source.append(.databaseUsed(.channel, .write, duration: duration))
                journal.logIs(pages)
                journal.committed = point
                journal.handler?.committed(point)
                if pages > journal.checkpointDue { journal.checkpoint() }
                journal.gather()
            case .failure(let error):
                journal.fail(error)
            }
        }
    }

    /// Takes note of how long a commit has left the log.
    private func logIs(_ pages: Int) {
        // A shorter log is one that has begun again from its start.
        if pages < logPages { checkpointDue = Self.checkpointPages }
        logPages = pages
        hasNewPages = true
        lastWrite = eventLoop.now
    }

    /// Fulfilled when nothing is being written and nothing waits, or nothing can be written.
    func idle() -> EventLoopFuture<Void> {
        let promise = eventLoop.makePromise(of: Void.self)
        waitingForIdle.append(promise)
        flush()
        if hasFailed { fulfilIdle() }
        return promise.futureResult
    }

    /// Leaves one plain file behind. The journal is not used afterwards.
    func close() -> EventLoopFuture<Void> {
        idleTimer?.cancel()
        let promise = eventLoop.makePromise(of: Void.self)
        handler = nil
        isBusy = true
        let database = UncheckedTransfer(value: database)
        eventLoop.runErrand(isForLong: true) {
            Result { try database.value.close() }
        } then: { result in
            promise.completeWith(result)
        }
        return promise.futureResult
    }

    // MARK: Between batches

    /// Whether the last look at the sockets brought nothing new, or it is time.
    private var isCollected: Bool {
        appended == collected || collectingEnds.map { $0 <= eventLoop.now } ?? false
    }

    /// Whether there is one client at a time, as it seems, so that a look would bring nothing.
    private var isAlone: Bool {
        if eventLoop.readyCount > 1 { vainLooks = 0 }
        return vainLooks >= Self.vainLooksOfOne
    }

    private func collect() {
        collected = appended
        if collectingEnds == nil { collectingEnds = eventLoop.now + Self.collectingTime }
        isCollecting = true
        // Runs when the sockets that are ready now have had their say.
        eventLoop.assumeIsolated().execute { [weak self] in
            guard let self else { return }
            isCollecting = false
            vainLooks = appended == collected ? vainLooks + 1 : 0
            flush()
        }
    }

    private func gather() {
        guard !pending.isEmpty, !isBusy else { return flush() }
        isGathering = true
        eventLoop.assumeIsolated().scheduleTask(in: Self.gatheringTime) { [weak self] in
            self?.isGathering = false
            self?.flush()
        }
    }

    private func settle() {
        fulfilIdle()
        if hasNewPages, idleTimer == nil { checkpointWhenIdle(at: lastWrite + Self.idleInterval) }
    }

    /// One timer serves a whole busy time: when it is due, it looks whether that is over.
    private func checkpointWhenIdle(at time: NIODeadline) {
        idleTimer = eventLoop.assumeIsolated().scheduleTask(deadline: time) { [weak self] in
            guard let self else { return }
            idleTimer = nil
            let idleTime = lastWrite + Self.idleInterval
            if idleTime > eventLoop.now { checkpointWhenIdle(at: idleTime) } else { checkpoint() }
        }
    }

    private func fulfilIdle() {
        let promises = waitingForIdle
        waitingForIdle.removeAll()
        for promise in promises { promise.succeed() }
    }

    private func checkpoint() {
        guard hasNewPages, !isBusy, !hasFailed else { return }
        hasNewPages = false
        // Another program's reader can keep the log from beginning again; then it is not tried after every commit.
        checkpointDue = logPages + Self.checkpointPages
        perform({ database in try database.checkpoint() }) { journal, result, duration in
            if case .failure(let error) = result { journal.source.append(.databaseFailed(.channel, kind: error.kind)) }
            let succeeded = (try? result.get()) != nil  // Said by the observation.
            journal.source.append(.maintenanceFinished(.checkpoint, succeeded: succeeded, duration: duration))
            journal.source.flush()
            journal.flush()
        }
    }

    // MARK: Failure

    private func fail(_ error: ChannelDatabaseError) {
        hasFailed = true
        pending.removeAll()
        backlogBytes = 0
        // What was appended did not happen, so that nothing waits for it.
        appended = committed
        let refused = asides
        asides.removeAll()
        for aside in refused { aside.failed() }
        source.append(.databaseFailed(.channel, kind: error.kind))
        handler?.failed(error)
        fulfilIdle()
        retry()
    }

    /// Tries until a change can be written, and reads back what is stored.
    private func retry() {
        eventLoop.assumeIsolated().scheduleTask(in: Self.retryInterval) { [weak self] in
            guard let self, handler != nil else { return }
            perform({ database in
                try database.probe()
                return try database.load()
            }) { journal, result, _ in
                switch result {
                case .success(let stored):
                    journal.hasFailed = false
                    journal.handler?.recovered(stored)
                case .failure(let error):
                    journal.source.append(.databaseFailed(.channel, kind: error.kind))
                    journal.source.flush()
                    journal.retry()
                }
            }
        }
    }

    // MARK: What is not waited for

    /// Writes something beside the changes, as soon as nothing else is being written.
    ///
    /// - Parameters:
    ///   - work: Returns how long the log is then, in pages.
    ///   - failed: Called when it is not going to be written, or could not be.
    func writeAside(
        _ work: @escaping @Sendable (ChannelDatabase) throws -> Int,
        orElse failed: @escaping () -> Void = {}
    ) {
        guard !hasFailed, handler != nil, asides.count < Self.maximumAsides else { return failed() }
        asides.append(Aside(work: work, failed: failed))
        flush()
    }

    private func write(_ aside: Aside) {
        perform(aside.work) { journal, result, _ in
            switch result {
            case .success(let pages):
                journal.logIs(pages)
                if pages > journal.checkpointDue { journal.checkpoint() }
            case .failure(let error):
                journal.source.append(.databaseFailed(.channel, kind: error.kind))
                aside.failed()
            }
            journal.source.flush()
            journal.flush()
        }
    }

    // MARK: Errands

    /// Runs `work` beside the loop, and `completion` back on it.
    ///
    /// - Parameter isForLong: Whether the loop goes on meanwhile in any case, not only when it takes milliseconds.
    private func perform<Value: Sendable>(
        isForLong: Bool = true,
        _ work: @escaping @Sendable (ChannelDatabase) throws -> Value,
        _ completion: @escaping (Journal, Result<Value, ChannelDatabaseError>, Duration) -> Void
    ) {
        isBusy = true
        let database = UncheckedTransfer(value: database)
        eventLoop.runErrand(isForLong: isForLong) {
            let started = ContinuousClock.now
            let result = Result { try work(database.value) }
                .mapError { $0 as? ChannelDatabaseError ?? ChannelDatabaseError($0, using: database.value.path) }
            return (result, ContinuousClock.now - started)
        } then: { [self] result, duration in
            isBusy = false
            completion(self, result, duration)
        }
    }
}

@available(*, unavailable)
extension Journal: Sendable {}

/// Carries a value that belongs to one thread through another without touching it there.
///
/// `@unchecked Sendable`: the database is used by one batch at a time, the journal and its closures only back on the loop.
private struct UncheckedTransfer<Value>: @unchecked Sendable {
    let value: Value
}
