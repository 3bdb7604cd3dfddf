internal import CLinux
internal import Glibc

/// What the kernel holds for a socket, also for sockets whose owner is not Swift's. The requests are SIOCINQ and SIOCOUTQ;
/// tcp(7), unix(7).
package enum SocketQueues {
    /// Bytes that have arrived and are not yet read; 0 when the kernel cannot say.
    package static func readableBytes(of socket: CInt) -> Int { length(UInt(FIONREAD), of: socket) }

    /// Bytes that were sent and that the peer's kernel has not confirmed, the end of the stream counting as one.
    package static func unconfirmedBytes(of socket: CInt) -> Int { length(UInt(TIOCOUTQ), of: socket) }

    private static func length(_ request: UInt, of socket: CInt) -> Int {
        var count: CInt = 0
        return ioctl(socket, request, &count) == 0 ? Int(count) : 0
    }
}
