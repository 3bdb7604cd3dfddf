import Synchronization
import WormholeWire

/// A moment after which a thread no longer waits. Set once, by another thread; never, until then.
final class Deadline: Sendable {
    private let nanoseconds = Atomic<UInt64>(.max)

    func set(after time: Duration) {
        let (sum, overflow) = MonotonicClock.nanoseconds.addingReportingOverflow(UInt64(max(0, time.seconds) * 1e9))
        nanoseconds.store(overflow ? .max : sum, ordering: .relaxed)
    }

    var hasPassed: Bool { MonotonicClock.nanoseconds >= nanoseconds.load(ordering: .relaxed) }
}
