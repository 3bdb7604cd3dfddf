import Glibc

/// The file of a Unix socket that this process made.
package struct SocketPath: Sendable, Equatable {
    package let path: String
    private let device: dev_t
    private let inode: ino_t

    /// Remembers which file `path` is now; `nil` when there is none.
    init?(_ path: String) {
        var status = stat()
        guard Glibc.lstat(path, &status) == 0 else { return nil }
        self.path = path
        device = status.st_dev
        inode = status.st_ino
    }

    /// Removes the file, unless another process has put its own in that place. Safe to call twice.
    package func remove() {
        guard SocketPath(path) == self else { return }
        _ = Glibc.unlink(path)
    }

    /// Removes the socket at `path` if its owner is gone: one that nobody listens to refuses connections.
    ///
    /// - Throws: ``SocketFailure`` when an owner lives, or when the file is no socket.
    static func removeStale(_ path: String) throws(SocketFailure) {
        var status = stat()
        guard Glibc.lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw SocketFailure(reason: "the path exists and is not a socket")
        }
        guard let address = SocketAddressStorage(path: path) else { return }
        let type = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let probe = Descriptor(owning: try check(Glibc.socket(AF_UNIX, type, 0)))
        guard address.withPointer({ Glibc.connect(probe.number, $0, $1) }) == -1, errno == ECONNREFUSED else {
            throw SocketFailure(code: EADDRINUSE)
        }
        try check(Glibc.unlink(path))
    }
}
