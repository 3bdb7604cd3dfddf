import Observations
import Synchronization
import WormholeWire

/// The pulse of one event loop: the time it last came round, readable by a probe while the loop is stuck.
///
/// Its loop calls ``beat(late:)`` from a timer about once a second; any thread may read.
package final class LoopHeartbeat: LoopPulse {
    /// What a probe calls the loop, such as `mailbox` or `relay-1`.
    package let name: String

    private let lastBeat: Atomic<UInt64>
    private let isRetired = Atomic<Bool>(false)
    /// How late the beats came; summed over the loops when metrics are read.
    let lag = HistogramCells(bounds: HistogramBounds.loop)

    init(name: String) {
        self.name = name
        lastBeat = Atomic(MonotonicClock.nanoseconds)
    }

    /// The loop has come round.
    ///
    /// - Parameter lateness: How much later than planned its timer fired.
    package func beat(late lateness: Duration) {
        lag.observe(max(0, lateness.seconds))
        lastBeat.store(MonotonicClock.nanoseconds, ordering: .relaxed)
    }

    /// The loop has ended as it should, and is watched no longer.
    package func retire() {
        isRetired.store(true, ordering: .relaxed)
    }

    /// How long ago the loop came round, `nil` when it is watched no longer.
    func age(at now: UInt64) -> Duration? {
        guard !isRetired.load(ordering: .relaxed) else { return nil }
        let last = lastBeat.load(ordering: .relaxed)
        return .nanoseconds(Int64(clamping: now > last ? now - last : 0))
    }
}
