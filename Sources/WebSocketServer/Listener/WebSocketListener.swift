package import LinuxIO
package import NIOCore
package import Sockets

/// Accepts connections on one listening socket and makes WebSockets of them.
package final class WebSocketListener: Sendable {
    private let eventLoop: SocketLoop
    private let acceptor: NIOLoopBound<StreamAcceptor>
    private let state: NIOLoopBound<ListenerState>

    private init(acceptor: StreamAcceptor, state: ListenerState) {
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
    /// - Throws: What epoll_ctl(2) says.
    package static func start(
        on socket: consuming Descriptor,
        eventLoop: SocketLoop,
        configuration: WebSocketConfiguration,
        delegate: any WebSocketListenerDelegate
    ) throws(ErrorNumber) -> WebSocketListener {
        eventLoop.preconditionInEventLoop()
        let state = ListenerState(eventLoop: eventLoop, configuration: configuration, delegate: delegate)
        var settings = StreamAcceptor.Settings()
        settings.acceptsPerTurn = configuration.acceptsPerTurn
        settings.pause = configuration.acceptPause
        let acceptor = try StreamAcceptor(
            socket,
            on: eventLoop,
            settings: settings,
            accepted: { state.welcome($0) },
            failed: { state.delegate?.webSocketListener(acceptFailed: $0) }
        )
        return WebSocketListener(acceptor: acceptor, state: state)
    }

    /// Closes the listening socket. Connections are not touched: they belong to the delegate's clients. From any thread.
    package func stopAccepting() -> EventLoopFuture<Void> {
        eventLoop.submit {
            self.acceptor.value.stop()
            self.state.value.acceptingStopped()
        }
    }

    /// Fulfilled when accepting has stopped and no connection of this listener is left, upgraded or not. From any thread.
    package func connectionsClosed() -> EventLoopFuture<Void> {
        eventLoop.flatSubmit { self.state.value.connectionsClosed }
    }
}
