package import NIOCore
import NIOWebSocket

/// One WebSocket connection after its handshake, and the only handler in its channel's pipeline.
///
///     open ──close()──▶ closing ──the client's Close──▶ ending ──▶ closed
///       └────the client's Close, a violation, FIN──────────▲
///
/// In `closing` our Close is out and the client's is awaited; in `ending` the last bytes are on their way, see
/// ``OrderlyEnd``. Confined to the event loop. Its concerns are in the files beside this one: what comes in, what goes
/// out, keepalive, and the end.
package final class WebSocketConnection: ChannelDuplexHandler {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    enum State {
        case open
        case closing(WebSocketErrorCode, ClosingProgress)
        case ending(OrderlyEnd)
        case closed
    }

    package let eventLoop: any EventLoop
    /// The other end of the connection; `nil` for a Unix socket.
    package let peer: SocketAddress?

    let commons: ConnectionCommons
    var state = State.open
    /// Whom to tell; `nil` once the end was told.
    var client: (any WebSocketClient)?
    /// What the owner will be told once the channel is closed, if it is not told before.
    var endCause: WebSocketCloseCause?
    var context: ChannelHandlerContext?
    var timer: NIOScheduledCallback?
    var keepalive: Keepalive

    // Input.
    var reader: WebSocketFrameReader
    var isPaused = false
    /// What was read from the socket when reading was already paused.
    var held: ByteBuffer?
    /// The channel asked for more while paused.
    var holdsRead = false
    var inputHasEnded = false

    // Output.
    var output = ByteBuffer()
    /// Something was written to the channel and not flushed.
    var isUnflushed = false
    /// Pongs are to be flushed when the input is worked off.
    var owesFlush = false
    /// The Pong for the latest Ping, where the client does not take what is queued for it.
    var owedPong: ByteBuffer?
    /// What was last told about writability, and whether telling is under way.
    var toldWritable = true
    var isTellingWritability = false

    init(eventLoop: any EventLoop, peer: SocketAddress?, commons: ConnectionCommons, client: any WebSocketClient) {
        self.eventLoop = eventLoop
        self.peer = peer
        self.commons = commons
        self.client = client
        let configuration = commons.configuration
        self.reader = WebSocketFrameReader(delivery: configuration.delivery)
        self.keepalive = Keepalive(
            interval: configuration.pingInterval,
            timeout: configuration.pingTimeout,
            now: eventLoop.now
        )
    }

    /// Queues the answer to the upgrade request and tells the owner. The handler is in its pipeline.
    ///
    /// - Parameter response: The 101.
    func open(with response: ByteBuffer) {
        var response = response
        output.writeBuffer(&response)
        client?.webSocketOpened(self)
        flush()
        keepAlive()
    }

    // MARK: Calls from the channel

    package func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        receive(unwrapInboundIn(data))
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        receiveCompleted()
        context.fireChannelReadComplete()
    }

    package func read(context: ChannelHandlerContext) {
        if takesInput { context.read() } else { holdsRead = true }
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent {
            inputHasEnded = true
            if held == nil { inputEnded() }
        }
        context.fireUserInboundEventTriggered(event)
    }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        writabilityChanged()
        context.fireChannelWritabilityChanged()
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case .open = state { endCause = .ioError }
        shut()
    }

    package func channelInactive(context: ChannelHandlerContext) {
        channelEnded()
        context.fireChannelInactive()
    }
}

@available(*, unavailable)
extension WebSocketConnection: Sendable {}
