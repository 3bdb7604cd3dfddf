internal import CLinux
internal import Glibc

/// Moving bytes between a socket and memory.
extension Descriptor {
    /// Takes what the socket has, without waiting. The system call is recv(2).
    package func receive(into buffer: UnsafeMutableRawBufferPointer) -> Transfer {
        transfer { recv(number, buffer.baseAddress, buffer.count, CInt(MSG_DONTWAIT)) }
    }

    /// Takes what a TCP socket has and throws it away, without waiting and without a copy. The system call is recv(2) with
    /// MSG_TRUNC, which only TCP understands in this way; tcp(7).
    package func discard(upTo count: Int) -> Transfer {
        transfer { recv(number, nil, count, CInt(MSG_DONTWAIT | MSG_TRUNC)) }
    }

    /// Gives the socket what it takes, without waiting and without a signal when the peer is gone. The system call is
    /// send(2).
    package func send(_ bytes: UnsafeRawBufferPointer) -> Transfer {
        transfer {
            Glibc.send(number, bytes.baseAddress, bytes.count, CInt(MSG_DONTWAIT | MSG_NOSIGNAL))
        }
    }

    /// Gives the socket what it takes of two pieces behind one another, in one call, as ``send(_:)`` does. The system call is
    /// sendmsg(2).
    package func send(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) -> Transfer {
        withUnsafeTemporaryAllocation(of: iovec.self, capacity: 2) { pieces in
            pieces[0] = iovec(iov_base: UnsafeMutableRawPointer(mutating: first.baseAddress), iov_len: first.count)
            pieces[1] = iovec(iov_base: UnsafeMutableRawPointer(mutating: second.baseAddress), iov_len: second.count)
            var message = msghdr()
            message.msg_iov = pieces.baseAddress
            message.msg_iovlen = 2
            return transfer { sendmsg(number, &message, CInt(MSG_DONTWAIT | MSG_NOSIGNAL)) }
        }
    }

    /// Bytes that have arrived and are not yet read; 0 when the kernel cannot say.
    package var readableBytes: Int { SocketQueues.readableBytes(of: number) }

    /// Bytes that were sent and that the peer's kernel has not confirmed, the end of the stream counting as one; 0 when
    /// the kernel cannot say. For a Unix socket: memory taken by what the peer has not read.
    package var unconfirmedBytes: Int { SocketQueues.unconfirmedBytes(of: number) }

    /// Tells the peer that nothing more will come. What was sent before still arrives.
    package func finishSending() {
        // Fails when the connection is gone already, and then the peer knows.
        _ = Glibc.shutdown(number, CInt(SHUT_WR))
    }
}
