import Synchronization

/// The event loops of the process, each of which says again and again that it still turns.
package final class LoopHeartbeats: Sendable {
    /// A loop that has not come round for this long is taken for stuck.
    package static let limit = Duration.seconds(5)

    /// Locked to register a loop and to copy the list, never by a beat.
    private let registered = Mutex<[LoopHeartbeat]>([])

    package init() {}

    /// A heartbeat for one loop, which must beat about once a second from now until it retires.
    package func register(_ name: String) -> LoopHeartbeat {
        let loop = LoopHeartbeat(name: name)
        registered.withLock { $0.append(loop) }
        return loop
    }

    /// The names of the loops that have not come round for longer than `limit`.
    package func stuckLoops(limit: Duration = LoopHeartbeats.limit) -> [String] {
        let now = MonotonicClock.nanoseconds
        return all.filter { loop in loop.age(at: now).map { $0 > limit } ?? false }.map(\.name)
    }

    /// How long ago each of the loops that run came round.
    package var ages: [(name: String, age: Duration)] {
        let now = MonotonicClock.nanoseconds
        return all.compactMap { loop in loop.age(at: now).map { (loop.name, $0) } }
    }

    /// How long ago the loop that is furthest behind came round; `nil` when none is watched.
    package var oldestAge: Duration? {
        let now = MonotonicClock.nanoseconds
        return all.compactMap { $0.age(at: now) }.max()
    }

    /// Every loop there has been, the retired ones included.
    var all: [LoopHeartbeat] { registered.withLock { $0 } }
}
