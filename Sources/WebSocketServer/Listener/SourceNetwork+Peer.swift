package import LinuxIO
package import NIOCore

extension SourceNetwork {
    /// - Returns: `nil` for the peer of a Unix socket.
    package init?(_ peer: SocketAddress?) {
        let network = peer.flatMap { peer in
            peer.withSockAddr { Self(socketAddress: UnsafeRawBufferPointer(start: $0, count: $1)) }
        }
        guard let network else { return nil }
        self = network
    }
}
