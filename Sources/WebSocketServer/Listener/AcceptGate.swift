import NIOCore

/// Keeps a listening channel alive when `accept(2)` fails: reports the failure and rests before trying again.
///
/// A connection that could not be accepted stays in the queue, so without a rest the loop would be told of it at once,
/// again and again. Holding back the channel's `read` is not enough for that: NIO keeps the socket registered when
/// accepting has failed. Switching off `autoRead` takes it out of epoll.
final class AcceptGate: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private let listener: ListenerState
    private var isResting = false

    init(listener: ListenerState) {
        self.listener = listener
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Others than IOError tell of a connection that was gone before it could be prepared.
        guard let error = error as? IOError else { return }
        listener.delegate?.webSocketListener(acceptFailed: error)
        guard !isResting else { return }
        isResting = true
        setAutoRead(false, context)
        let pause = TimeAmount(listener.commons.configuration.acceptPause)
        context.eventLoop.assumeIsolated().scheduleTask(in: pause) {
            self.isResting = false
            self.setAutoRead(true, context)
        }
    }

    private func setAutoRead(_ value: Bool, _ context: ChannelHandlerContext) {
        // Fails only on a channel that is closed.
        try? context.channel.syncOptions?.setOption(.autoRead, value: value)
    }
}

@available(*, unavailable)
extension AcceptGate: Sendable {}
