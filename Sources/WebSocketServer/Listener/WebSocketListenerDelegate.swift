package import LinuxIO

/// Decides what becomes of a listener's connections, and hears of those that come to nothing.
///
/// Called on the listener's event loop.
package protocol WebSocketListenerDelegate: AnyObject {
    /// A complete request has arrived. Also asked for requests that are not for a WebSocket.
    func webSocketListener(route request: UpgradeRequest) -> WebSocketRoute
    /// A connection has ended without an answer of the delegate's and without becoming a WebSocket.
    func webSocketListener(rejected reason: WebSocketRejection, peer: PeerAddress?)
    /// `accept(2)` failed. The listener rests a little and goes on.
    func webSocketListener(acceptFailed error: ErrorNumber)
}
