/// A point in time on the machine's clock that only goes forward: whole microseconds from an arbitrary start.
///
/// How long something lasts is measured with it, because the wall clock is set: by hours when the network has told a machine
/// the time, or when one goes on after it was suspended. It means nothing to another process or to the next start.
package struct Uptime: Hashable, Comparable, Sendable {
    package let microseconds: Int64

    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

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
