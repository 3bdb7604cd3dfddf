/// A point on a clock that only goes forward. The shell reads the clock; the rules are told.
package struct Instant: Hashable, Comparable, Sendable {
    /// Nanoseconds since an arbitrary start.
    package let nanoseconds: Int64

    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    package static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }

    package static func - (left: Self, right: Self) -> Duration { .nanoseconds(left.nanoseconds - right.nanoseconds) }

    /// The earlier of two deadlines, where `nil` stands for never.
    package static func earlier(_ left: Self?, _ right: Self?) -> Self? {
        guard let left else { return right }
        guard let right else { return left }
        return min(left, right)
    }

    /// Stays at the end of the clock when the sum is beyond it, centuries from now.
    package static func + (left: Self, right: Duration) -> Self {
        let (sum, overflowed) = left.nanoseconds.addingReportingOverflow(right.wholeNanoseconds)
        return Self(nanoseconds: overflowed ? .max : sum)
    }
}

extension Duration {
    /// The duration in nanoseconds, brought into the range of the type.
    package var wholeNanoseconds: Int64 { Int64(clamping: attoseconds / 1_000_000_000) }
}
