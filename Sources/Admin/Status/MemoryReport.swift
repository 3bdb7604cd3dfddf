import Glibc
import LinuxIO

/// Memory of the process, by the allocator and by the kernel.
enum MemoryReport {
    /// Fields of `/proc/self/status` that are shown. Source: proc_pid_status(5).
    private static let fields = ["VmPeak", "VmSize", "VmHWM", "VmRSS", "RssAnon", "RssFile", "VmData", "Threads"]

    static var lines: [String] {
        let status = read("/proc/self/status").split(separator: "\n").filter { line in
            fields.contains { line.hasPrefix("\($0):") }
        }
        return status.map { $0.split(whereSeparator: { $0 == " " || $0 == "\t" }).joined(separator: " ") }
            + HeapUse.lines
    }

    private static func read(_ path: String) -> String {
        let number = open(path, O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { return "" }
        let descriptor = Descriptor(owning: number)
        var buffer = [UInt8](repeating: 0, count: 8192)
        let count = max(0, Glibc.read(descriptor.number, &buffer, buffer.count))
        return String(decoding: buffer[..<count], as: UTF8.self)
    }
}
