import NIOCore

extension NIODeadline {
    /// The time a duration later; a longer one counts as ten years, which no deadline overflows with.
    static func + (left: NIODeadline, right: Duration) -> NIODeadline {
        left + TimeAmount(min(right, .seconds(315_360_000)))
    }
}
