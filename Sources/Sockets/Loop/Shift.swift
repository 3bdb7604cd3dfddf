import Dispatch
import Synchronization

/// Two threads that work one loop in turn: while one of them does what may take its time, the other can go on in its place.
///
///     at work ──leave──▶ away ──come back──▶ at work              it was quick: nobody was woken
///                         └────take over────▶ at work, the other one; who was away stands by from now on
///
/// Whoever stands by looks every other millisecond whether the one at work is still away with the same, as long as that one
/// leaves often. When it does so rarely, the other sleeps and takes over whenever it leaves.
///
/// A thread sees everything that was done on the loop before its own turn there.
final class Shift: Sendable {
    /// One time of being away.
    struct Absence {
        fileprivate let state: UInt64
    }

    private enum Kind: UInt64 {
        case atWork, away, awayForLong, ended
    }

    /// The kind in the two lowest bits, above them how often somebody left.
    private let state = Atomic<UInt64>(Kind.atWork.rawValue)
    private let sleeps = Atomic<Bool>(false)
    private let alarm = DispatchSemaphore(value: 0)

    /// For how long, and half of it again, the loop stands still when what should have been quick is not.
    private static let interval = DispatchTimeInterval.milliseconds(2)
    /// So many looks without anybody having left are enough to go to sleep.
    private static let looksBeforeSleep = 5

    /// On the loop's thread, which does not touch what is the loop's until it has come back.
    ///
    /// - Parameter isForLong: Whether the other is to take over at once.
    func leave(isForLong: Bool) -> Absence {
        let kind: Kind = isForLong ? .awayForLong : .away
        let absence = (state.load(ordering: .relaxed) >> 2 &+ 1) << 2 | kind.rawValue
        state.store(absence, ordering: .sequentiallyConsistent)
        if isForLong || sleeps.load(ordering: .sequentiallyConsistent) { alarm.signal() }
        return Absence(state: absence)
    }

    /// - Returns: `false` when the other has taken over; then there is nothing left but to stand by.
    func comeBack(from absence: Absence) -> Bool {
        exchange(absence.state, for: .atWork)
    }

    /// Waits for the other's work.
    ///
    /// - Returns: `true` when the loop is the caller's from now on; `false` when it has ended.
    func standBy() -> Bool {
        var last: UInt64?
        var quietLooks = 0
        var wasAsleep = false
        while true {
            let seen = state.load(ordering: .sequentiallyConsistent)
            switch Kind(rawValue: seen & 3) {
            case .ended: return false
            case .awayForLong where exchange(seen, for: .atWork): return true
            case .away where (wasAsleep || seen == last) && exchange(seen, for: .atWork): return true
            default: break
            }
            quietLooks = seen >> 2 == last.map { $0 >> 2 } ? quietLooks + 1 : 0
            last = seen
            wasAsleep = quietLooks >= Self.looksBeforeSleep
            if wasAsleep { sleep(unless: seen) } else { _ = alarm.wait(timeout: .now() + Self.interval) }
        }
    }

    /// On the loop's thread, which leaves for good.
    func end() {
        state.store(Kind.ended.rawValue, ordering: .sequentiallyConsistent)
        alarm.signal()
    }

    private func exchange(_ expected: UInt64, for kind: Kind) -> Bool {
        let desired = expected & ~3 | kind.rawValue
        return state.compareExchange(expected: expected, desired: desired, ordering: .acquiringAndReleasing).exchanged
    }

    /// Either who leaves sees that somebody sleeps, or who goes to sleep sees that somebody left.
    private func sleep(unless seen: UInt64) {
        sleeps.store(true, ordering: .sequentiallyConsistent)
        if state.load(ordering: .sequentiallyConsistent) == seen { alarm.wait() }
        sleeps.store(false, ordering: .sequentiallyConsistent)
    }
}
