import LinuxIO
import WormholeWire

/// The clock that only goes forward, for measuring.
package enum MonotonicClock {
    /// Nanoseconds since some time in the past.
    package static var nanoseconds: UInt64 { UInt64(SystemClock.monotonicNanoseconds) }

    /// The time since an earlier reading.
    package static func duration(since start: UInt64) -> Duration {
        .nanoseconds(Int64(clamping: nanoseconds) - Int64(clamping: start))
    }
}

/// The clock on the wall.
enum WallClock {
    static var now: Timestamp { Timestamp(microseconds: SystemClock.wallMicroseconds) }
}
