import Glibc
import LinuxIO

/// What a stretch of work took: time, the server's processor time, and the generator's.
struct Effort {
    /// Seconds on the clock.
    let elapsed: Double
    /// Processor seconds of the server, with what it did about the work afterwards.
    let server: Double
    /// Processor seconds of this process, which is the bottleneck when they come close to the elapsed.
    let generator: Double

    /// How much of one processor the load generator took.
    var generatorShare: Double { generator / elapsed }

    /// Measures a stretch of work.
    ///
    /// - Parameter server: `nil` when there is none.
    static func measure(
        _ server: ServerProcess?,
        _ work: () throws(BenchmarkError) -> Void
    ) throws(BenchmarkError) -> Effort {
        let serverBefore = server?.cpuSeconds ?? 0
        let ownBefore = ownSeconds
        let start = SystemClock.monotonicNanoseconds
        try work()
        let elapsed = Double(SystemClock.monotonicNanoseconds - start) * 1e-9
        let own = ownSeconds - ownBefore
        let serverAfter = try server?.settle() ?? 0
        return Effort(elapsed: elapsed, server: serverAfter - serverBefore, generator: own)
    }

    private static var ownSeconds: Double {
        var time = timespec()
        // Cannot fail: the clock exists on every Linux.
        _ = clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
