import Foundation
import Glibc
import LinuxIO

/// What a server takes from the machine.
extension ServerProcess {
    /// Processor time of all its threads, those that have ended included, in seconds.
    ///
    /// The sum that `/proc/PID/stat` shows in hundredths of a second, from the process's own clock:
    /// clock_getcpuclockid(3).
    var cpuSeconds: Double {
        var clock = clockid_t()
        var time = timespec()
        guard clock_getcpuclockid(processID, &clock) == 0, clock_gettime(clock, &time) == 0 else { return .nan }
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    /// Its memory that is in the machine's, in bytes: `Rss` of `/proc/PID/smaps_rollup`, which is exact.
    func residentBytes() throws(BenchmarkError) -> Double {
        let path = "/proc/\(processID)/smaps_rollup"
        // Without the file there is no line in it, which is reported.
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("Rss:") }),
            let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Double($0) })
        else { throw BenchmarkError("\(path) has no Rss") }
        return kilobytes * 1024
    }

    /// Waits until it has nothing to do any more, because records are written after the work they tell about.
    ///
    /// - Returns: Its ``cpuSeconds`` then.
    func settle() throws(BenchmarkError) -> Double {
        let deadline = SystemClock.monotonicNanoseconds + 5_000_000_000
        var before = cpuSeconds
        while SystemClock.monotonicNanoseconds < deadline {
            usleep(100_000)
            let now = cpuSeconds
            if now - before < 0.001 { break }
            before = now
        }
        try checkAlive()
        return cpuSeconds
    }
}
