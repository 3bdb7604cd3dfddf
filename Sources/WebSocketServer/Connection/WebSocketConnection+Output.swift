package import NIOCore
package import NIOWebSocket
import Sockets

/// What goes out. After the connection has begun to close nothing more is queued.
extension WebSocketConnection {
    /// Payloads of this size and more are written as they are, beside the other output instead of copied into it.
    private static let largePayload = 16 << 10

    /// Whether fewer bytes than the high-water mark are queued for the client.
    package var isWritable: Bool {
        guard case .open = state else { return false }
        return socket.isWritable && output.readableBytes <= commons.configuration.outputHighWaterMark
    }

    /// How many bytes are queued for the client and not yet taken by the kernel, framing included.
    package var bufferedBytes: Int {
        output.readableBytes + socket.queuedBytes
    }

    /// Queues one unfragmented frame. Nothing is written before ``flush()``.
    package func send(_ payload: ByteBuffer, as opcode: WebSocketOpcode) {
        guard beginOutput() else { return }
        output.writeFrameHeader(opcode, length: payload.readableBytes)
        if payload.readableBytes < Self.largePayload {
            output.writeImmutableBuffer(payload)
        } else {
            socket.enqueue(output)
            commons.giveOutputSpare(&output)
            socket.enqueue(payload)
            isUnflushed = true
        }
    }

    /// Queues a text message of these bytes, which must be UTF-8.
    package func sendText(_ bytes: some Collection<UInt8>) {
        guard beginOutput() else { return }
        output.writeFrameHeader(.text, length: bytes.count)
        output.writeBytes(bytes)
    }

    /// Queues one unfragmented frame whose payload `body` appends to the output buffer.
    ///
    /// - Throws: What `body` throws; nothing is queued then.
    package func withFrame<Failure: Error>(
        _ opcode: WebSocketOpcode,
        _ body: (inout ByteBuffer) throws(Failure) -> Void
    ) throws(Failure) {
        guard beginOutput() else { return }
        try output.writeFrame(opcode, body)
    }

    /// Writes everything queued since the last flush, at once.
    package func flush() {
        owesFlush = false
        guard output.readableBytes > 0 || isUnflushed else { return }
        var written = ByteBuffer()
        swap(&written, &output)
        if isUnflushed {
            isUnflushed = false
            socket.enqueue(written)
            socket.flush()
        } else {
            socket.write(&written)
        }
        commons.giveOutputSpare(&written)
        // What stood in the way of a Pong may have been no more than what is now written.
        if isWritable, let payload = owedPong.take() {
            send(payload, as: .pong)
            flush()
        }
    }

    /// - Returns: Whether a frame may be queued.
    private func beginOutput() -> Bool {
        guard case .open = state else { return false }
        if output.capacity == 0 { output = commons.takeOutputSpare() }
        return true
    }

    /// Answers a Ping. Where the client does not take its output only the latest is, which RFC 6455, section 5.5.3
    /// allows, so that a client that sends Pings and reads nothing cannot make us queue without end.
    func pong(_ payload: ByteBuffer) {
        guard isWritable else {
            owedPong = payload
            return
        }
        send(payload, as: .pong)
        owesFlush = true
    }

    func writabilityChanged() {
        if let payload = owedPong, isWritable {
            owedPong = nil
            pong(payload)
        }
        if !isWritable { hasBeenUnwritable = true }
        // The owner is never called from within its own calls, and a change that is over at once is worth one call at most.
        guard !isTellingWritability else { return }
        isTellingWritability = true
        socket.loop.executeHere { self.tellWritability() }
    }

    private func tellWritability() {
        isTellingWritability = false
        if owesFlush { flush() }
        // Whoever has seen in between that it takes no more waits to hear that it does again.
        guard case .open = state, toldWritable != isWritable || hasBeenUnwritable else { return }
        toldWritable = isWritable
        hasBeenUnwritable = false
        client?.webSocketWritabilityChanged(self)
    }
}
