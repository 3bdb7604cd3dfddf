import NIOCore

/// What one listener keeps on its event loop.
final class ListenerState {
    let eventLoop: any EventLoop
    let commons: ConnectionCommons
    /// `nil` once accepting has stopped and no connection is left.
    private(set) var delegate: (any WebSocketListenerDelegate)?

    /// Connections whose request is not complete.
    var unfinishedUpgrades = 0
    /// Connections accepted and not closed.
    private var connections = 0
    private var isAccepting = true
    private var isFinished = false
    private let closed: EventLoopPromise<Void>

    init(eventLoop: any EventLoop, configuration: WebSocketConfiguration, delegate: any WebSocketListenerDelegate) {
        self.eventLoop = eventLoop
        self.commons = ConnectionCommons(configuration: configuration)
        self.delegate = delegate
        self.closed = eventLoop.makePromise()
    }

    // A promise must be kept; that of a listener which could not even start is kept here.
    deinit { finish() }

    /// Fulfilled when accepting has stopped and no connection is left.
    var connectionsClosed: EventLoopFuture<Void> { closed.futureResult }

    func connectionAccepted() {
        connections += 1
    }

    func connectionClosed() {
        connections -= 1
        if connections == 0, !isAccepting { finish() }
    }

    func acceptingStopped() {
        isAccepting = false
        if connections == 0 { finish() }
    }

    private func finish() {
        guard !isFinished else { return }
        isFinished = true
        delegate = nil
        closed.succeed()
    }
}

@available(*, unavailable)
extension ListenerState: Sendable {}
