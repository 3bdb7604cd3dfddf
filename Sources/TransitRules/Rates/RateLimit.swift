/// So many bytes a second, and twice as many at once after a rest.
///
/// A bucket of tokens, kept as the time at which it will be full again: taking tokens moves that time on.
///
///     ──────── now ──────────────── full ────▶ time
///               └─ bytes taken ─────┘          at most two seconds' worth; beyond, who takes has to wait
///
/// Taking is promising: it always succeeds, and tells from when on the bytes may flow. Those who share a bucket and have one
/// promise each at a time therefore get equal shares, and what one does not ask for is the others'.
package struct RateLimit: Equatable, Sendable {
    /// What may flow at once after a rest, in seconds of the rate.
    package static let burst = Duration.seconds(2)
    /// The smallest and the largest portion. Much smaller ones cost more calls, much larger ones make the others wait.
    private static let portions = (4 << 10)...(256 << 10)

    package let bytesPerSecond: Int

    /// - Returns: `nil` for zero, which stands for no limit.
    package init?(bytesPerSecond: Int) {
        guard bytesPerSecond > 0 else { return nil }
        self.bytesPerSecond = bytesPerSecond
    }

    /// How much to take at a time: a hundredth of a second, within reason.
    package var portion: Int {
        min(max(bytesPerSecond / 128, Self.portions.lowerBound), Self.portions.upperBound, bytesPerSecond)
    }

    /// Takes tokens out of a bucket.
    ///
    /// - Parameters:
    ///   - bytes: At most 1 GiB.
    ///   - full: When the bucket is full; any time in the past for one that is full now.
    /// - Returns: From when on the bytes may flow; not after `now` when they may at once.
    package func take(_ bytes: Int, from full: inout Instant, at now: Instant) -> Instant {
        precondition((0...1 << 30).contains(bytes), "a portion without measure")
        let before = max(full, now)
        let time = (Int64(bytes) * 1_000_000_000 + Int64(bytesPerSecond) - 1) / Int64(bytesPerSecond)
        full = before + .nanoseconds(time)
        return Instant(nanoseconds: before.nanoseconds - Self.burst.wholeNanoseconds)
    }
}
