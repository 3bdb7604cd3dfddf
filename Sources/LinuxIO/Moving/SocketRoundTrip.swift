internal import Glibc

/// What the kernel has measured on the way to a peer. The request is TCP_INFO; tcp(7).
package enum SocketRoundTrip {
    /// The smoothed round trip of a TCP socket, also of one whose peer is gone and whose owner is not Swift's.
    ///
    /// - Returns: `nil` for other sockets, and when nothing was measured.
    package static func of(_ socket: CInt) -> Duration? {
        var info = tcp_info()
        var length = socklen_t(MemoryLayout<tcp_info>.size)
        guard getsockopt(socket, CInt(IPPROTO_TCP), TCP_INFO, &info, &length) == 0, info.tcpi_rtt > 0
        else { return nil }
        return .microseconds(info.tcpi_rtt)
    }
}

extension Descriptor {
    /// The smoothed round trip to the peer; `nil` for anything but TCP.
    package var roundTrip: Duration? { SocketRoundTrip.of(number) }
}
