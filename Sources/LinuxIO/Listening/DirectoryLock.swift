import Glibc

/// The right to change the sockets of one directory, held until this value is gone. It leaves no file behind.
///
/// The system call is flock(2).
struct DirectoryLock: ~Copyable {
    private let descriptor: Descriptor

    private init(holding descriptor: consuming Descriptor) {
        self.descriptor = descriptor
    }

    /// - Parameter path: A file in the directory.
    /// - Throws: ``SocketFailure`` when the directory cannot be opened, or when another process holds it for a second.
    static func take(around path: String) throws(SocketFailure) -> DirectoryLock {
        let directory: String
        switch path.lastIndex(of: "/") {
        case nil: directory = "."
        case path.startIndex: directory = "/"
        case let slash?: directory = String(path[..<slash])
        }
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
        let descriptor = Descriptor(owning: try check(Glibc.open(directory, flags)))
        try lock(descriptor.number, within: 100)
        return DirectoryLock(holding: descriptor)
    }

    /// - Parameter attempts: How often to ask, 10 ms apart.
    private static func lock(_ number: CInt, within attempts: Int) throws(SocketFailure) {
        for _ in 0..<attempts {
            if flock(number, LOCK_EX | LOCK_NB) == 0 { return }
            guard errno == EWOULDBLOCK || errno == EINTR else { throw SocketFailure(code: errno) }
            _ = Glibc.usleep(10_000)
        }
        throw SocketFailure(reason: "another process holds a lock on its directory")
    }
}
