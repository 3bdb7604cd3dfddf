package import LinuxIO
package import NIOCore

/// Accepts connections on one listening socket and makes WebSockets of them.
package final class WebSocketListener: Sendable {
    /// Starts accepting.
    ///
    /// Call on the event loop, where everything the listener does happens.
    ///
    /// - Parameters:
    ///   - socket: A bound, listening, non-blocking stream socket of any family.
    ///   - delegate: Kept until accepting has stopped and the last connection is gone.
    package static func start(
        on socket: consuming Descriptor,
        eventLoop: any EventLoop,
        configuration: WebSocketConfiguration,
        delegate: any WebSocketListenerDelegate
    ) -> EventLoopFuture<WebSocketListener> {
        eventLoop.makeSucceededFuture(WebSocketListener())
    }

    /// Closes the listening socket. Connections are not touched: they belong to the delegate's clients. From any thread.
    package func stopAccepting() -> EventLoopFuture<Void> { fatalError() }

    /// Fulfilled when no connection of this listener is left, upgraded or not. From any thread.
    package func connectionsClosed() -> EventLoopFuture<Void> { fatalError() }
}
