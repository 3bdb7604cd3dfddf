import Glibc
import LinuxIO

/// Asks the kernel about this process, when metrics are read.
///
/// Everything comes from `/proc/self` and system calls, so that it works where `/proc` shows nothing else.
struct ProcessSampler: Sendable {
    let metrics: ProcessMetrics

    /// - Returns: How many of the figures could not be had; they keep their last values.
    func sample() -> Int {
        [sampleTimes(), sampleMemory(), sampleDescriptors(), sampleLimits()].count { !$0 }
    }

    private func sampleTimes() -> Bool {
        var usage = rusage()
        guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return false }
        metrics.cpuSeconds.store(usage.ru_utime.seconds + usage.ru_stime.seconds)
        return true
    }

    /// Fields of `/proc/self/stat` after the name in parentheses. Source: proc(5).
    private func sampleMemory() -> Bool {
        guard let stat = Self.read("/proc/self/stat"), let end = stat.lastIndex(of: UInt8(ascii: ")")) else {
            return false
        }
        let fields = stat[(end + 1)...].split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
        // Field 3 of the manual page is the first here.
        guard fields.count > 21, let threads = Double(fields[17]), let virtual = Double(fields[20]),
            let residentPages = Double(fields[21])
        else { return false }
        metrics.threads.set(threads)
        metrics.virtualBytes.set(virtual)
        metrics.heapBytes.set(Double(HeapUse.bytes))
        metrics.residentBytes.set(residentPages * Double(sysconf(Int32(_SC_PAGESIZE))))
        return true
    }

    private func sampleDescriptors() -> Bool {
        guard let directory = opendir("/proc/self/fd") else { return false }
        defer { closedir(directory) }
        var count = 0.0
        while readdir(directory) != nil { count += 1 }
        // Less `.`, `..` and the descriptor of the directory itself.
        metrics.openDescriptors.set(max(0, count - 3))
        return true
    }

    private func sampleLimits() -> Bool {
        guard let descriptors = Self.limit(RLIMIT_NOFILE), let memory = Self.limit(RLIMIT_AS) else { return false }
        metrics.descriptorLimit.set(descriptors)
        metrics.virtualLimitBytes.set(memory)
        return true
    }

    /// - Returns: The soft limit, -1 when there is none, `nil` when the kernel does not say.
    private static func limit(_ resource: __rlimit_resource) -> Double? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0 else { return nil }
        return limit.rlim_cur == rlim_t.max ? -1 : Double(limit.rlim_cur)
    }

    private static func read(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let bytes = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
            count = max(0, Glibc.read(descriptor, buffer.baseAddress, buffer.count))
        }
        return bytes.isEmpty ? nil : bytes
    }
}

extension timeval {
    fileprivate var seconds: Double { Double(tv_sec) + Double(tv_usec) / 1_000_000 }
}
