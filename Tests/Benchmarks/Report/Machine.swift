import Foundation
import Glibc

/// Where and with what a report was made.
struct Machine: Codable, Sendable {
    let date: String
    /// The exact command.
    let command: String
    let kernel: String
    let processor: String
    let processors: Int
    let memoryGigabytes: Int
    /// Of one, five and fifteen minutes, at the start.
    let loadAverage: String
    /// The kernel's congestion control, which decides what loopback costs.
    let congestionControl: String
    /// Of everything that takes part.
    let versions: [String]

    init(_ tools: Tools) {
        date = Date.now.formatted(.iso8601)
        command = CommandLine.arguments.joined(separator: " ")
        kernel = (Self.file("/proc/sys/kernel/ostype") + " " + Self.file("/proc/sys/kernel/osrelease"))
        processor = Self.line("model name", of: "/proc/cpuinfo") ?? "unknown processor"
        processors = ProcessInfo.processInfo.activeProcessorCount
        memoryGigabytes = Int(ProcessInfo.processInfo.physicalMemory >> 30)
        loadAverage = Self.file("/proc/loadavg").split(separator: " ").prefix(3).joined(separator: " ")
        congestionControl = Self.file("/proc/sys/net/ipv4/tcp_congestion_control")
        let packages = ["magic-wormhole-mailbox-server", "magic-wormhole-transit-relay", "twisted", "autobahn"]
        let script = "import importlib.metadata as m, sys; [print(p, m.version(p)) for p in sys.argv[1:]]"
        versions =
            toolOutput([tools.server, "--version"]) + toolOutput([tools.python + "/python", "-c", script] + packages)
            + toolOutput([tools.haproxy, "-v"]).prefix(1)
    }

    /// The load average of the last minute.
    static var currentLoad: Double {
        Double(file("/proc/loadavg").split(separator: " ").first ?? "") ?? 0
    }

    private static func line(_ key: String, of path: String) -> String? {
        let line = file(path).split(separator: "\n").first { $0.hasPrefix(key) }
        return line?.split(separator: ":").last?.trimmingCharacters(in: .whitespaces)
    }

    private static func file(_ path: String) -> String {
        // What cannot be read is not in the report.
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
