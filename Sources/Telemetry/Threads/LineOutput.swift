import Glibc

/// The writing end of a log: whole lines, on a descriptor that belongs to someone else.
package struct LineOutput {
    /// Lines that were not written.
    package struct Failure: Error {
        /// What the kernel said, or that nobody reads.
        let reason: String
    }

    /// Bytes that a pipe takes in one piece, PIPE_BUF of pipe(7).
    package static let chunk = 4096

    private let descriptor: CInt
    private let givesUp: () -> Bool
    /// A line broke off, as on a full disk: the next one must not continue it.
    private var isMidLine = false

    /// - Parameter givesUp: Asked again and again while nobody reads; what is left is dropped once it answers `true`.
    package init(descriptor: CInt, givesUp: @escaping () -> Bool) {
        self.descriptor = descriptor
        self.givesUp = givesUp
    }

    /// Writes whole lines with one `write(2)`, waiting for a slow reader.
    ///
    /// - Parameters:
    ///   - lines: At most ``chunk`` bytes of them, or a single one, so that they do not mix with another program's.
    ///   - onStall: Called when the reader has taken nothing for half a second, and each half second after.
    package mutating func write(_ lines: [UInt8], onStall: () -> Void) throws(Failure) {
        var rest = isMidLine ? [UInt8(ascii: "\n")] + lines : lines
        while !rest.isEmpty {
            guard waitUntilWritable(onStall) else { throw Failure(reason: "its reader is stuck") }
            let written = Glibc.write(descriptor, rest, rest.count)
            let code = errno
            if written >= 0 {
                // Less than all only on a descriptor that another program made non-blocking, or on a full disk.
                if written > 0 { isMidLine = rest[written - 1] != UInt8(ascii: "\n") }
                rest.removeFirst(written)
            } else if code != EINTR && code != EAGAIN {
                throw Failure(reason: String(cString: strerror(code)))
            }
        }
    }

    /// - Returns: `false` when it is time to give up.
    private func waitUntilWritable(_ onStall: () -> Void) -> Bool {
        var state = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        // An answer of any kind, an error included, is for write(2) to explain.
        while poll(&state, 1, 500) == 0 {
            if givesUp() { return false }
            onStall()
        }
        return true
    }
}
