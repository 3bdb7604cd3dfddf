import Glibc

/// How often threads of this process have gone to sleep, which is how often they were awake.
enum ThreadSwitches {
    /// Voluntary context switches by thread number.
    static func ofThreads(named prefix: String) -> [String: Int] {
        var counts: [String: Int] = [:]
        guard let folder = opendir("/proc/self/task") else { return [:] }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name.allSatisfy(\.isNumber), read("/proc/self/task/\(name)/comm").hasPrefix(prefix) else { continue }
            for line in read("/proc/self/task/\(name)/status").split(separator: "\n")
            where line.hasPrefix("voluntary_ctxt_switches:") {
                counts[name] = line.split(separator: "\t").last.flatMap { Int($0) }
            }
        }
        return counts
    }

    private static func read(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
    }
}
