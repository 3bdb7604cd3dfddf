/// A point in time on the server's wall clock: whole microseconds since the Unix epoch.
///
/// Whole numbers, so that a time survives the way through the database and back, and so that printing one needs no
/// floating-point arithmetic. On the wire and in the databases it is written as seconds with a fraction.
package struct Timestamp: Hashable, Comparable, Sendable {
    /// Microseconds since 1970-01-01T00:00:00Z.
    package let microseconds: Int64

    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// - Parameter seconds: Seconds since the epoch, as the databases hold them; rounded to the microsecond. What no
    ///   clock can say (infinities, years beyond 250,000) is brought to the nearest value it can.
    package init(seconds: Double) {
        let scaled = (seconds * 1_000_000).rounded()
        self.microseconds = scaled.isNaN ? 0 : Int64(min(max(scaled, -9e18), 9e18))
    }

    /// Seconds since the epoch, as the databases hold them.
    package var seconds: Double { Double(microseconds) / 1_000_000 }

    package static func < (left: Self, right: Self) -> Bool { left.microseconds < right.microseconds }

    package static func - (left: Self, right: Self) -> Duration {
        .microseconds(left.microseconds - right.microseconds)
    }

    package static func + (left: Self, right: Duration) -> Self {
        let (seconds, attoseconds) = right.components
        return Self(microseconds: left.microseconds + seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
    }

    package static func - (left: Self, right: Duration) -> Self { left + (.zero - right) }
}

extension Duration {
    /// The duration in seconds, as the databases and the metrics hold it.
    package var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
