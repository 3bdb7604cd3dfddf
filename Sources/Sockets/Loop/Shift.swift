import DequeModule
import Dispatch
import Synchronization

/// Two threads for one loop: one works there, the other stands by, does what is known to take its time, and goes on with the
/// loop when the first one stays away from it.
///
///     at work ──leave──▶ away ──come back──▶ at work         it was quick: nobody was woken
///                          └───take over───▶ at work         the other one; who was away stands by from now on
///
/// Whoever stands by looks every other millisecond whether the one at work is still away with the same, for as long as there
/// is something to do every few milliseconds. Otherwise it sleeps, and what comes then is done by it.
///
/// A thread sees everything that was done on the loop before its own turn there.
final class Shift: Sendable {
    /// One time of being away.
    struct Absence {
        fileprivate let state: UInt64
    }

    private enum Kind: UInt64 {
        case atWork, away, ended
    }

    private struct Jobs {
        var waiting: Deque<@Sendable () -> Void> = []
        /// Somebody does one, and notices nothing else.
        var isUnderWay = false
    }

    /// The kind in the two lowest bits, above them how often somebody left.
    private let state = Atomic<UInt64>(Kind.atWork.rawValue)
    private let sleeps = Atomic<Bool>(false)
    private let jobs = Mutex(Jobs())
    private let alarm = DispatchSemaphore(value: 0)

    /// For how long, and half of it again, the loop stands still when what should have been quick is not.
    private static let interval = DispatchTimeInterval.milliseconds(2)
    /// So many looks without anything having happened are enough to go to sleep.
    private static let looksBeforeSleep = 5

    // MARK: The one at work

    /// Whether the other would notice soon that one stays away.
    var isWatched: Bool {
        !sleeps.load(ordering: .sequentiallyConsistent) && jobs.withLock { $0.waiting.isEmpty && !$0.isUnderWay }
    }

    /// Has the other do something, behind what it was given before.
    func handOver(_ job: @escaping @Sendable () -> Void) {
        jobs.withLock { $0.waiting.append(job) }
        alarm.signal()
    }

    /// Stays away from what is the loop's until it has come back.
    func leave() -> Absence {
        let absence = (state.load(ordering: .relaxed) >> 2 &+ 1) << 2 | Kind.away.rawValue
        state.store(absence, ordering: .sequentiallyConsistent)
        if sleeps.load(ordering: .sequentiallyConsistent) { alarm.signal() }
        return Absence(state: absence)
    }

    /// - Returns: `false` when the other has taken over; then there is nothing left but to stand by.
    func comeBack(from absence: Absence) -> Bool {
        exchange(absence.state, for: .atWork)
    }

    /// Leaves for good.
    func end() {
        state.store(Kind.ended.rawValue, ordering: .sequentiallyConsistent)
        alarm.signal()
    }

    // MARK: The one who stands by

    /// Does what it is given, and waits for the other to stay away.
    ///
    /// - Returns: `true` when the loop is the caller's from now on; `false` when it has ended.
    func standBy() -> Bool {
        var last: UInt64?
        var quietLooks = 0
        var wasAsleep = false
        while true {
            while let job = nextJob() {
                job()
                quietLooks = 0
            }
            let seen = state.load(ordering: .sequentiallyConsistent)
            switch Kind(rawValue: seen & 3) {
            case .ended: return false
            case .away where (wasAsleep || seen == last) && exchange(seen, for: .atWork): return true
            default: break
            }
            quietLooks = seen >> 2 == last.map { $0 >> 2 } ? quietLooks + 1 : 0
            last = seen
            wasAsleep = quietLooks >= Self.looksBeforeSleep
            if wasAsleep { sleep(unless: seen) } else { _ = alarm.wait(timeout: .now() + Self.interval) }
        }
    }

    private func nextJob() -> (@Sendable () -> Void)? {
        jobs.withLock { jobs in
            let job = jobs.waiting.popFirst()
            jobs.isUnderWay = job != nil
            return job
        }
    }

    private func exchange(_ expected: UInt64, for kind: Kind) -> Bool {
        let desired = expected & ~3 | kind.rawValue
        return state.compareExchange(expected: expected, desired: desired, ordering: .acquiringAndReleasing).exchanged
    }

    /// Either who leaves, or hands something over, sees that somebody sleeps, or who goes to sleep sees that.
    private func sleep(unless seen: UInt64) {
        sleeps.store(true, ordering: .sequentiallyConsistent)
        if state.load(ordering: .sequentiallyConsistent) == seen { alarm.wait() }
        sleeps.store(false, ordering: .sequentiallyConsistent)
    }
}
