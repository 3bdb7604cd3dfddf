package import NIOCore
package import NIOWebSocket

/// One WebSocket connection after its handshake, and the only handler in its channel's pipeline.
package final class WebSocketConnection: ChannelInboundHandler {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    package let eventLoop: any EventLoop
    package let peer: SocketAddress?

    init(eventLoop: any EventLoop, peer: SocketAddress?) {
        self.eventLoop = eventLoop
        self.peer = peer
    }

    /// Whether fewer bytes than the high-water mark are queued for the client.
    package var isWritable: Bool { true }
    /// How many bytes are queued for the client and not yet taken by the kernel, framing included.
    package var bufferedBytes: Int { 0 }

    /// Queues one unfragmented frame. Nothing is written before ``flush()``.
    package func send(_ payload: ByteBuffer, as opcode: WebSocketOpcode) {}
    /// Queues a text message of these bytes, which must be UTF-8.
    package func sendText(_ bytes: some Collection<UInt8>) {}
    /// Queues one unfragmented frame whose payload `body` appends to the output buffer.
    package func withFrame<Failure: Error>(
        _ opcode: WebSocketOpcode,
        _ body: (inout ByteBuffer) throws(Failure) -> Void
    ) throws(Failure) {}
    /// Writes everything queued since the last flush, at once.
    package func flush() {}
    /// Flushes, sends Close and ignores what the client sends from now on; waits for it as configured, then ends the
    /// connection without a reset.
    package func close(code: WebSocketErrorCode, reason: String = "") {}
    /// Ends the connection now, whatever is queued.
    package func abort() {}
    /// Takes no more bytes from the socket, and reports no more messages, until ``resumeReading()``.
    package func pauseReading() {}
    /// Goes on after ``pauseReading()``, not before the current call has returned.
    package func resumeReading() {}
}

@available(*, unavailable)
extension WebSocketConnection: Sendable {}
