import LinuxIO
import NIOCore
import NIOHTTP1
import WormholeWire

/// The first handler of a new connection: waits for one request and makes a WebSocket of the connection, or answers.
///
///     [proxied] ──▶ reading          a PROXY protocol header comes first, where one is expected
///     reading ──▶ upgraded           the HTTP handlers are on their way out, ``WebSocketConnection`` takes over
///        └──────▶ ending             an answer was sent, or the time was up
///
/// It passes the bytes of the request's head to the HTTP decoder behind it, and no byte more, so what the client sent
/// behind the head is still in hand when the decoder is removed.
final class UpgradeHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        case reading
        case upgraded(WebSocketConnection)
        case ending(OrderlyEnd)
        case closed
    }

    private let listener: ListenerState
    /// The other end of the connection.
    private let speaker: SocketAddress?
    /// The client: the other end, unless a proxy says who it is.
    private var peer: SocketAddress?
    /// What has come of the proxy's header; `nil` when none is awaited any more.
    private var proxyHeader: ByteBuffer?
    private let accepted: Timestamp
    private let acceptedTick: NIODeadline
    private let catcher: RequestCatcher
    private let decoder: ByteToMessageHandler<HTTPRequestDecoder>

    private var state = State.reading
    private var headEnd = RequestHeadEnd()
    private var headBytes = 0
    private var timer: NIOScheduledCallback?

    /// - Parameter channel: A connection just accepted; the handlers are added to its pipeline.
    static func start(on channel: any Channel, listener: ListenerState) throws {
        let handler = UpgradeHandler(channel: channel, listener: listener)
        try channel.pipeline.syncOperations.addHandlers([handler, handler.decoder, handler.catcher])
    }

    private init(channel: any Channel, listener: ListenerState) {
        self.listener = listener
        self.speaker = channel.remoteAddress.flatMap { $0.port == nil ? nil : $0 }
        self.peer = speaker
        self.proxyHeader = listener.commons.configuration.expectsProxyHeader ? ByteBuffer() : nil
        self.accepted = .now()
        self.acceptedTick = channel.eventLoop.now
        self.catcher = RequestCatcher()
        self.decoder = ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes))
    }

    func handlerAdded(context: ChannelHandlerContext) {
        listener.upgradeBegan(by: speaker)
        let target = CallbackTarget(self, eventLoop: context.eventLoop) {
            [context = NIOLoopBound(context, eventLoop: context.eventLoop)] in
            $0.timeIsUp(context.value)
        }
        // Only a loop that is shutting down refuses, and it closes every channel.
        timer = try? context.eventLoop.scheduleCallback(
            at: acceptedTick + listener.commons.configuration.upgradeTimeout,
            handler: target
        )
    }

    // MARK: Calls from the channel

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch state {
        case .reading: read(unwrapInboundIn(data), context)
        case .upgraded(let connection): connection.receive(unwrapInboundIn(data))
        case .ending(let end): end.discarded(unwrapInboundIn(data).readableBytes)
        case .closed: break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if case .upgraded(let connection) = state { connection.receiveCompleted() }
    }

    func read(context: ChannelHandlerContext) {
        if case .ending(let end) = state, !end.takesInput { return }
        context.read()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case ChannelEvent.inputClosed? = event as? ChannelEvent else {
            return context.fireUserInboundEventTriggered(event)
        }
        switch state {
        case .reading: refuse(.disconnected, context)
        case .upgraded: context.fireUserInboundEventTriggered(event)
        case .ending(let end): end.inputEnded()
        case .closed: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case .upgraded = state { return context.fireErrorCaught(error) }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        switch state {
        case .reading: refuse(.disconnected, context)
        case .ending(let end): end.cancel()
        case .upgraded, .closed: break
        }
        context.fireChannelInactive()
    }

    // MARK: The request

    /// Takes the proxy's header off the first bytes.
    ///
    /// - Returns: What stands behind it; `nil` while it is not complete, and when it is none.
    private func takeProxyHeader(from bytes: ByteBuffer, _ context: ChannelHandlerContext) -> ByteBuffer? {
        guard var all = proxyHeader else { return bytes }
        proxyHeader = nil  // Or appending would copy it every time.
        var bytes = bytes
        all.writeBuffer(&bytes)
        switch ProxyHeader.read(all.readableBytesView) {
        case .incomplete:
            proxyHeader = all
            return nil
        case .complete(let header):
            // The address has 4 or 16 bytes, which NIO takes.
            peer = try? SocketAddress(packedIPAddress: ByteBuffer(bytes: header.address), port: Int(header.port))
            all.moveReaderIndex(forwardBy: header.length)
            return all
        case .unusable:
            refuse(.badProxyHeader, context)
            return nil
        }
    }

    private func read(_ received: ByteBuffer, _ context: ChannelHandlerContext) {
        guard var bytes = takeProxyHeader(from: received, context), bytes.readableBytes > 0 else { return }
        let limit = listener.commons.configuration.maximumHeaderBytes
        let end = bytes.withUnsafeReadableBytes { headEnd.find(in: $0) }
        let count = end ?? bytes.readableBytes
        headBytes += count
        guard headBytes <= limit else {
            listener.delegate?.webSocketListener(rejected: .badRequest, peer: peer)
            return answer(HTTPAnswer(.requestHeaderFieldsTooLarge, [:], ""), context)
        }
        guard let head = bytes.readSlice(length: count) else { return }
        context.fireChannelRead(wrapInboundOut(head))
        guard case .reading = state else { return }
        if catcher.hasFailed || (end != nil && catcher.head == nil) {
            listener.delegate?.webSocketListener(rejected: .badRequest, peer: peer)
            return answer(HTTPAnswer(.badRequest, [:], ""), context)
        }
        guard end != nil, let head = catcher.head else { return }
        decide(head, context)
        if case .upgraded(let connection) = state, bytes.readableBytes > 0 { connection.receive(bytes) }
    }

    private func decide(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let request = UpgradeRequest(
            method: head.method,
            path: String(head.uri.prefix { $0 != "?" }),
            uri: head.uri,
            headers: head.headers,
            peer: peer,
            isProxied: listener.commons.configuration.expectsProxyHeader,
            accepted: accepted,
            acceptedTick: acceptedTick,
            wantsUpgrade: UpgradeCheck.isRequested(by: head)
        )
        guard let delegate = listener.delegate else { return refuse(.disconnected, context) }
        let isForHead = head.method == .HEAD
        switch delegate.webSocketListener(route: request) {
        case .respond(let status, let headers, let body):
            answer(HTTPAnswer(status, headers, body), isForHead: isForHead, context)
        case .upgrade(let client):
            let fault = UpgradeCheck.fault(in: head)
            if fault == nil, let key = AcceptKey.value(for: head, on: context.channel) {
                upgrade(to: client, key: key, context)
            } else {
                let fault = fault ?? .key
                delegate.webSocketListener(rejected: fault == .notGet ? .badRequest : .badUpgrade, peer: peer)
                answer(fault.answer, isForHead: isForHead, context)
            }
        }
    }

    private func upgrade(to client: any WebSocketClient, key: String, _ context: ChannelHandlerContext) {
        let connection = WebSocketConnection(
            eventLoop: context.eventLoop,
            peer: peer,
            commons: listener.commons,
            client: client
        )
        finishReading(.upgraded(connection))
        let pipeline = context.pipeline.syncOperations
        do {
            try pipeline.addHandler(connection, position: .after(catcher))
        } catch {
            return context.close(promise: nil)  // The channel was closed meanwhile.
        }
        var response = ByteBuffer()
        response.writeStatusLine(.switchingProtocols, serverName: listener.commons.configuration.serverName)
        response.writeHeader("Upgrade", "websocket")
        response.writeHeader("Connection", "Upgrade")
        response.writeHeader("Sec-WebSocket-Accept", key)
        response.writeStaticString("\r\n")
        connection.open(with: response)
        // The decoder leaves by and by; until then this handler passes on to the connection what comes.
        pipeline.removeHandler(decoder)
            .assumeIsolated()
            .whenComplete { _ in
                // Gone already, if the channel is.
                _ = pipeline.removeHandler(self.catcher)
                _ = pipeline.removeHandler(self)
            }
    }

    // MARK: The way out

    private func finishReading(_ next: State) {
        guard case .reading = state else { return }
        state = next
        listener.upgradeEnded(by: speaker)
        timer?.cancel()
        timer = nil
    }

    private func answer(_ answer: HTTPAnswer, isForHead: Bool = false, _ context: ChannelHandlerContext) {
        let configuration = listener.commons.configuration
        let end = OrderlyEnd(context, configuration: configuration, inputHasEnded: false)
        finishReading(.ending(end))
        end.begin(with: answer.bytes(serverName: configuration.serverName, isForHead: isForHead))
    }

    private func refuse(_ reason: WebSocketRejection, _ context: ChannelHandlerContext) {
        finishReading(.closed)
        listener.delegate?.webSocketListener(rejected: reason, peer: peer)
        context.close(promise: nil)
    }

    private func timeIsUp(_ context: ChannelHandlerContext) {
        if case .reading = state { refuse(.timeout, context) }
    }
}

@available(*, unavailable)
extension UpgradeHandler: Sendable {}

extension Timestamp {
    /// The time on the wall clock.
    fileprivate static func now() -> Timestamp {
        Timestamp(microseconds: SystemClock.wallMicroseconds)
    }
}
