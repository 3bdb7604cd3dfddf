/// How often something may happen: after a rest `burst` times at once, then as often as time allows.
///
/// What has been used up is one number, kept by whoever is held to the pace: the time, in nanoseconds of any one clock, until
/// which the past is paid for. Source: the generic cell rate algorithm (ITU-T I.371).
package struct Pace: Equatable, Sendable {
    /// As often as one likes.
    package static let unlimited = Pace(interval: 0, tolerance: 0)

    /// Nanoseconds that each time costs; 0 for unlimited.
    private let interval: Int64
    /// How far ahead of the clock one may be and still go on.
    private let tolerance: Int64

    private init(interval: Int64, tolerance: Int64) {
        self.interval = interval
        self.tolerance = tolerance
    }

    /// - Parameters:
    ///   - count: How often in `period`, steadily; 0 stands for unlimited.
    ///   - burst: How often at once after a rest; at least once.
    package init(_ count: Int, per period: Duration, burst: Int) {
        guard count > 0 else {
            self = .unlimited
            return
        }
        let (seconds, attoseconds) = period.components
        let interval = max(1, (seconds * 1_000_000_000 + attoseconds / 1_000_000_000) / Int64(count))
        self.init(interval: interval, tolerance: interval * Int64(max(1, burst) - 1))
    }

    package var isUnlimited: Bool { interval == 0 }

    /// One more time, if it may be.
    ///
    /// - Parameters:
    ///   - paidUntil: What was used up before; 0 for nothing.
    ///   - now: The clock, in nanoseconds.
    package func take(_ paidUntil: inout Int64, at now: Int64) -> Bool {
        guard wait(paidUntil, at: now) == 0 else { return false }
        charge(&paidUntil, at: now)
        return true
    }

    /// One more time, whether it may be or not.
    package func charge(_ paidUntil: inout Int64, at now: Int64) {
        paidUntil = start(paidUntil, at: now) + interval
    }

    /// How many nanoseconds it takes until the next time may be; 0 when it may be now.
    package func wait(_ paidUntil: Int64, at now: Int64) -> Int64 {
        max(0, start(paidUntil, at: now) - now - tolerance)
    }

    /// A clock that people set may go back by hours, which must not keep anybody waiting for them.
    private func start(_ paidUntil: Int64, at now: Int64) -> Int64 {
        let ahead = paidUntil - now
        return ahead <= 0 || ahead > 2 * (tolerance + interval) ? now : paidUntil
    }
}
