import DequeModule
import Dispatch
import Observations
import Synchronization
import WormholeWire

/// The bounded way from the telemetry thread to the thread of one sink, which may be slow or stuck.
///
/// Adding never waits: when the queue is full the oldest records give way, and are counted. One thread takes.
final class RecordQueue: Sendable {
    private struct State {
        var records: Deque<UsageRecord> = []
        /// Records that were taken and are neither written nor given back yet.
        var underWay = 0
        var takerSleeps = false
        var isClosed = false
    }

    private let capacity: Int
    private let sink: RecordSink
    private let metrics: UsageMetrics
    private let state = Mutex(State())
    private let wakeUp = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - sink: Whose queue this is, for the metrics.
    ///   - capacity: The most records held.
    init(for sink: RecordSink, capacity: Int, metrics: UsageMetrics) {
        self.capacity = max(1, capacity)
        self.sink = sink
        self.metrics = metrics
    }

    /// Adds records and wakes the thread that takes.
    func append(_ records: [UsageRecord]) {
        guard !records.isEmpty else { return }
        let wakes = state.withLock { state in
            state.records.append(contentsOf: records)
            dropOldest(of: &state)
            defer { state.takerSleeps = false }
            return state.takerSleeps
        }
        if wakes { wakeUp.signal() }
    }

    /// Takes the oldest records; ``settle()``, ``putBack(_:)`` or ``drop(_:)`` tells what became of them.
    func take(upTo limit: Int) -> [UsageRecord] {
        state.withLock { state in
            let taken = Array(state.records.prefix(limit))
            state.records.removeFirst(taken.count)
            state.underWay = taken.count
            dropOldest(of: &state)
            return taken
        }
    }

    /// Says that what was taken is written.
    func settle() {
        state.withLock { state in
            state.underWay = 0
            dropOldest(of: &state)
        }
    }

    /// Gives back what was taken and could not be written.
    func putBack(_ records: [UsageRecord]) {
        state.withLock { state in
            state.records.prepend(contentsOf: records)
            state.underWay = 0
            dropOldest(of: &state)
        }
    }

    /// Counts what was taken and cannot be written, ever.
    func drop(_ records: [UsageRecord]) {
        state.withLock { state in
            for record in records { countDrop(record) }
            state.underWay = 0
            dropOldest(of: &state)
        }
    }

    /// Waits until there are records, the queue is closed or the time is over. May return early.
    func wait(upTo timeout: Duration) {
        let mustSleep = state.withLock { state in
            state.takerSleeps = state.records.isEmpty && !state.isClosed
            return state.takerSleeps
        }
        guard mustSleep else { return }
        _ = wakeUp.wait(timeout: .now() + timeout.seconds)
        state.withLock { $0.takerSleeps = false }
    }

    /// Waits until the queue is closed or the time is over, whatever is in it.
    func pause(_ time: Duration) {
        guard time > .zero, !isClosed else { return }
        _ = wakeUp.wait(timeout: .now() + time.seconds)
    }

    /// Counts records that never came into the queue.
    func refuse(_ records: [UsageRecord]) {
        state.withLock { _ in
            for record in records { countDrop(record) }
        }
    }

    /// Says that nothing will be added any more.
    func close() {
        state.withLock { $0.isClosed = true }
        wakeUp.signal()
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }
    var count: Int { state.withLock { $0.records.count } }

    // The metrics of a queue are written with its lock held: by one thread at a time.

    private func dropOldest(of state: inout State) {
        let excess = state.records.count - capacity
        if excess > 0 {
            for record in state.records.prefix(excess) { countDrop(record) }
            state.records.removeFirst(excess)
        }
        metrics.queued.set(Double(state.records.count + state.underWay), sink)
    }

    private func countDrop(_ record: UsageRecord) {
        metrics.records.add(1, sink, record.kind, .dropped)
        switch sink {
        case .database: break
        case .logDescriptor: metrics.logLinesDropped.add(1, .usage)
        }
    }
}
