import Glibc
import WormholeWire

/// The clock that only goes forward, for measuring.
package enum MonotonicClock {
    /// Nanoseconds since some time in the past.
    package static var nanoseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// The time since an earlier reading.
    package static func duration(since start: UInt64) -> Duration {
        .nanoseconds(Int64(clamping: nanoseconds) - Int64(clamping: start))
    }
}

/// The clock on the wall.
enum WallClock {
    static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }
}
