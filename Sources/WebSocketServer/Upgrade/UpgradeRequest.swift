package import LinuxIO
package import NIOCore
package import WormholeWire

/// What a client asked for in its one HTTP request.
package struct UpgradeRequest {
    package let head: RequestHead
    /// The other end of the connection, or the client a proxy speaks for in its header; `nil` for a Unix socket.
    package let peer: PeerAddress?
    /// Whether ``peer`` is what a proxy says.
    package let isProxied: Bool
    /// When the connection was accepted, on the wall clock.
    package let accepted: Timestamp
    /// The same moment on the event loop's clock, for measuring.
    package let acceptedTick: NIODeadline
    /// Whether the client asks for a WebSocket: it sent `Upgrade: websocket`.
    package let wantsUpgrade: Bool
}
