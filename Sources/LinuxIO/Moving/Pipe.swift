internal import CLinux
internal import Glibc

/// A pipe: pages of the kernel's, through which bytes go from socket to socket without a copy.
package struct Pipe: ~Copyable {
    package let readEnd: Descriptor
    package let writeEnd: Descriptor
    /// Bytes it holds when every page of it is full. Odd-sized pieces fill a page's place without filling the page, so a
    /// pipe may be full with less.
    package let capacity: Int

    private static let spliceFlags = UInt32(CLINUX_SPLICE_F_MOVE | CLINUX_SPLICE_F_NONBLOCK)

    /// - Parameter capacity: The bytes wished for. The kernel rounds up to a power of two pages, and grants an
    ///   unprivileged user little once all pipes of that user take 64 MiB: look at ``capacity``.
    package init(capacity wished: Int) throws(ErrorNumber) {
        var ends: (CInt, CInt) = (-1, -1)
        _ = try withUnsafeMutablePointer(to: &ends) { ends throws(ErrorNumber) in
            try ends.withMemoryRebound(to: CInt.self, capacity: 2) { ends throws(ErrorNumber) in
                try systemCall { pipe2(ends, O_CLOEXEC | O_NONBLOCK) }
            }
        }
        readEnd = Descriptor(owning: ends.0)
        writeEnd = Descriptor(owning: ends.1)
        // Refused above the user's share: the pipe then keeps the size it was born with.
        _ = fcntl(ends.1, CInt(CLINUX_F_SETPIPE_SZ), CInt(clamping: wished))
        // Cannot fail on a pipe; a page is what the smallest has.
        capacity = max(Int(fcntl(ends.1, CInt(CLINUX_F_GETPIPE_SZ))), 4096)
    }

    /// Moves bytes from a socket into the pipe.
    ///
    /// - Parameter limit: The most to move, in bytes. The kernel may move fewer.
    /// - Returns: ``Transfer/wouldBlock`` when the socket is empty *or* the pipe has no free place. The two look the
    ///   same; only an empty pipe makes the answer certain. ``Transfer/ended`` means the peer will send no more.
    ///
    /// The system call is splice(2).
    package func fill(from socket: borrowing Descriptor, upTo limit: Int) -> Transfer {
        transfer { splice(socket.number, nil, writeEnd.number, nil, limit, Self.spliceFlags) }
    }

    /// Moves bytes from the pipe to a socket.
    ///
    /// - Parameter count: Bytes in the pipe, at least 1. The socket may take fewer.
    ///
    /// Never told that more will follow: the kernel would hold the last bytes back. The system call is splice(2).
    package func empty(_ count: Int, into socket: borrowing Descriptor) -> Transfer {
        transfer { splice(readEnd.number, nil, socket.number, nil, count, Self.spliceFlags) }
    }
}
