internal import Glibc

/// The two clocks of the machine.
package enum SystemClock {
    /// Nanoseconds on a clock that only goes forward, from an arbitrary start. The one `NIODeadline` counts in, too.
    package static var monotonicNanoseconds: Int64 { read(CLOCK_MONOTONIC, unitsPerSecond: 1_000_000_000) }

    /// Microseconds since 1970-01-01T00:00:00Z, on the clock that people set.
    package static var wallMicroseconds: Int64 { read(CLOCK_REALTIME, unitsPerSecond: 1_000_000) }

    private static func read(_ clock: clockid_t, unitsPerSecond: Int64) -> Int64 {
        var time = timespec()
        // Cannot fail: both clocks exist on every Linux, and the address is ours.
        _ = clock_gettime(clock, &time)
        return Int64(time.tv_sec) * unitsPerSecond + Int64(time.tv_nsec) / (1_000_000_000 / unitsPerSecond)
    }
}
