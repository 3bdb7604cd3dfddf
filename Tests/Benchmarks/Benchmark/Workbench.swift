import Foundation
import Glibc
import LinuxIO

/// What every measurement starts from: the programs, a folder, how much to do.
final class Workbench {
    let tools: Tools
    /// What all amounts are multiplied with: 1, or less for a quick look.
    let scale: Double
    private let folder: String
    private var folderCount = 0
    private var loops: [LoadLoop] = []

    init(tools: Tools, scale: Double) throws(BenchmarkError) {
        self.tools = tools
        self.scale = scale
        folder = FileManager.default.temporaryDirectory.path + "/wormhole-bench-\(getpid())"
        try Self.make(folder)
    }

    deinit {
        // What is left behind is in the system's temporary folder.
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// A new loop, which is ended with the measurement.
    ///
    /// - Parameter isPolling: Whether it never sleeps: see ``LoadLoop``.
    func newLoop(isPolling: Bool = false) throws(BenchmarkError) -> LoadLoop {
        let loop = try LoadLoop(isPolling: isPolling)
        loops.append(loop)
        return loop
    }

    /// Closes what a measurement has left open, whether it succeeded or not.
    func endMeasurement() {
        for loop in loops { loop.end() }
        loops.removeAll()
    }

    /// A new folder for one server's files.
    func newFolder() throws(BenchmarkError) -> String {
        folderCount += 1
        let path = "\(folder)/\(folderCount)"
        try Self.make(path)
        return path
    }

    /// Removes the files of a server that is gone.
    func remove(_ path: String) {
        // As above.
        try? FileManager.default.removeItem(atPath: path)
    }

    /// So many seconds, scaled.
    func seconds(_ seconds: Double) -> Double { max(seconds * scale, 0.3) }

    /// So many, scaled.
    func count(_ count: Int) -> Int { max(Int(Double(count) * scale), 1) }

    /// Raises the limit of open files of this process, which the servers inherit, as far as it may be raised.
    static func raiseOpenFileLimit() {
        var limit = openFileLimits
        limit.rlim_cur = limit.rlim_max
        // With the old limit the idle connections cannot be opened, which is reported then.
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// How many files this process, and each server, may have open.
    static var openFileLimit: Int { Int(clamping: openFileLimits.rlim_cur) }

    private static var openFileLimits: rlimit {
        var limit = rlimit()
        // Cannot fail: the limit exists on every Linux.
        _ = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return limit
    }

    private static func make(_ path: String) throws(BenchmarkError) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        } catch {
            throw BenchmarkError("cannot make \(path): \(error.localizedDescription)")
        }
    }
}
