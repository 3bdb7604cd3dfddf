internal import Glibc
internal import Synchronization

/// A file that log lines are appended to. When it was moved or removed, as logrotate(8) does, the next line begins a new one.
final class LogFile: Sendable {
    private let path: String
    private let descriptor: Mutex<CInt>

    /// - Throws: ``ApplianceError`` with the path and the system's reason.
    init(path: String) throws(ApplianceError) {
        self.path = path
        let number = Self.open(path)
        guard number >= 0 else {
            throw ApplianceError("cannot write to the log file \(path): \(String(cString: strerror(errno)))")
        }
        descriptor = Mutex(number)
    }

    deinit { descriptor.withLock { _ = Glibc.close($0) } }

    /// Appends whole lines.
    ///
    /// - Returns: Whether they are there. A lost log line is no reason to stop: what the system refuses is left out.
    func write(_ lines: [UInt8]) -> Bool {
        descriptor.withLock { descriptor in
            if !Self.isStill(path, descriptor) {
                let number = Self.open(path)
                if number >= 0 {
                    Glibc.close(descriptor)
                    descriptor = number
                }
            }
            return lines.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) } == lines.count
        }
    }

    private static func open(_ path: String) -> CInt {
        Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
    }

    /// Whether the path still leads to the open file. The system calls are stat(2) and fstat(2).
    private static func isStill(_ path: String, _ descriptor: CInt) -> Bool {
        var named = stat()
        var opened = stat()
        guard stat(path, &named) == 0, fstat(descriptor, &opened) == 0 else { return false }
        return named.st_ino == opened.st_ino && named.st_dev == opened.st_dev
    }
}
