import Glibc

/// The kernel's clocks. Both calls are answered in user space (vDSO).
package enum SystemClock {
    /// Microseconds since the Unix epoch, `CLOCK_REALTIME`. Jumps when the clock is set.
    package static var realTimeMicroseconds: Int64 {
        let time = read(CLOCK_REALTIME)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }

    /// Nanoseconds since some moment before the process started, `CLOCK_MONOTONIC`. Never goes back.
    package static var monotonicNanoseconds: Int64 {
        let time = read(CLOCK_MONOTONIC)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    private static func read(_ clock: clockid_t) -> timespec {
        var time = timespec()
        clock_gettime(clock, &time)
        return time
    }
}
