package import LinuxIO
package import NIOCore

/// Accepts connections on one listening socket and makes WebSockets of them.
package final class WebSocketListener: Sendable {
    private let eventLoop: any EventLoop
    private let acceptor: NIOLoopBound<Acceptor>
    private let state: NIOLoopBound<ListenerState>

    private init(acceptor: Acceptor, state: ListenerState) {
        self.eventLoop = state.eventLoop
        self.acceptor = NIOLoopBound(acceptor, eventLoop: state.eventLoop)
        self.state = NIOLoopBound(state, eventLoop: state.eventLoop)
    }

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
        eventLoop.preconditionInEventLoop()
        let state = ListenerState(eventLoop: eventLoop, configuration: configuration, delegate: delegate)
        let acceptor = Acceptor(socket: socket, state: state)
        let listener = WebSocketListener(acceptor: acceptor, state: state)
        return acceptor.accept().map { listener }
    }

    /// Closes the listening socket. Connections are not touched: they belong to the delegate's clients. From any thread.
    package func stopAccepting() -> EventLoopFuture<Void> {
        eventLoop.flatSubmit { self.acceptor.value.stop() }
    }

    /// Fulfilled when accepting has stopped and no connection of this listener is left, upgraded or not. From any thread.
    package func connectionsClosed() -> EventLoopFuture<Void> {
        eventLoop.flatSubmit { self.state.value.connectionsClosed }
    }

    /// Ends the accepting channel as a failing `accept(2)` may, for tests.
    func endChannel() -> EventLoopFuture<Void> {
        eventLoop.flatSubmit { self.acceptor.value.endChannel() }
    }
}
