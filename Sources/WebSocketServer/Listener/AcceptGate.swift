import NIOCore

/// Keeps a listening channel alive when `accept(2)` fails: reports the failure and rests before trying again.
///
/// Without it the loop would be told again at once that there is a connection to accept.
final class AcceptGate: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias OutboundIn = Never

    private let listener: ListenerState
    private var isResting = false
    private var holdsRead = false

    init(listener: ListenerState) {
        self.listener = listener
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Others than IOError tell of a connection that was gone before it could be prepared.
        guard let error = error as? IOError else { return }
        listener.delegate?.webSocketListener(acceptFailed: error)
        guard !isResting else { return }
        isResting = true
        let context = NIOLoopBound(context, eventLoop: context.eventLoop)
        let target = CallbackTarget(self, eventLoop: listener.eventLoop) { $0.goOn(context.value) }
        // Only a loop that is shutting down refuses.
        _ = try? listener.eventLoop.scheduleCallback(
            in: TimeAmount(listener.commons.configuration.acceptPause),
            handler: target
        )
    }

    func read(context: ChannelHandlerContext) {
        if isResting { holdsRead = true } else { context.read() }
    }

    private func goOn(_ context: ChannelHandlerContext) {
        isResting = false
        guard holdsRead else { return }
        holdsRead = false
        context.read()
    }
}

@available(*, unavailable)
extension AcceptGate: Sendable {}
