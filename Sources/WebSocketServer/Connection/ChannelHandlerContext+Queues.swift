import Glibc
import NIOCore

extension ChannelHandlerContext {
    /// Bytes written to the channel that the kernel has not taken.
    var bufferedBytes: Int {
        // Channels without the option (there are none of ours) would only look as if everything were sent.
        (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }

    /// Bytes the kernel has taken and the peer has not, FIN included. 0 without a socket.
    ///
    /// The request is SIOCOUTQ; tcp(7), unix(7).
    var unacknowledgedBytes: Int {
        let outgoingQueue: UInt = 0x5411
        var count: CInt = 0
        // A channel that is closed has no transport and owes nothing.
        let result = try? pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
            ioctl($0, outgoingQueue, &count)
        }
        return result == 0 ? Int(count) : 0
    }
}

extension NIODeadline {
    /// The time a duration later; a longer one counts as ten years, which no deadline overflows with.
    static func + (left: NIODeadline, right: Duration) -> NIODeadline {
        left + TimeAmount(min(right, .seconds(315_360_000)))
    }
}
