package import NIOCore
import NIOWebSocket
import Sockets

/// What comes in.
extension WebSocketConnection {
    /// Takes no more bytes from the socket, and reports no more messages, until ``resumeReading()``.
    ///
    /// A reset by the client is still noticed at once, its FIN only after what came before it was reported.
    package func pauseReading() {
        guard case .open = state else { return }
        isPaused = true
    }

    /// Goes on after ``pauseReading()``, not before the current call has returned.
    package func resumeReading() {
        guard isPaused else { return }
        isPaused = false
        socket.loop.executeHere { self.readOn() }
    }

    /// How many bytes have been worked off, framing included, and of how many it is known that the client has sent them.
    package var inputProgress: (workedOff: UInt64, sent: UInt64) {
        let received = socket.receivedBytes
        return (received - UInt64(held?.readableBytes ?? 0), received + UInt64(socket.unreadBytes))
    }

    /// Whether more may be taken from the socket.
    package var takesInput: Bool {
        switch state {
        case .open, .closing: !isPaused
        case .ending(let end): end.takesInput
        case .closed: false
        }
    }

    /// Bytes have come, from the socket or from behind the upgrade request.
    package func streamSocket(received bytes: inout ByteBuffer) {
        switch state {
        case .open, .closing:
            if var all = held {
                held = nil  // Or appending would copy it every time.
                all.writeBuffer(&bytes)
                held = all
            } else if isPaused {
                hold(bytes)
            } else {
                work(off: &bytes)
            }
        case .ending(let end):
            end.discarded(bytes.readableBytes)
        case .closed:
            break
        }
    }

    /// Keeps a copy of what is only lent.
    private func hold(_ bytes: ByteBuffer) {
        held = ByteBuffer(bytes: bytes.readableBytesView)
    }

    /// One read from the socket is over.
    func receiveCompleted() {
        if case .open = state { client?.webSocketReadCompleted(self) }
        if owesFlush { flush() }
    }

    /// Goes on after a pause.
    private func readOn() {
        guard !isPaused else { return }
        if var bytes = held {
            held = nil
            work(off: &bytes)
            receiveCompleted()
        }
        guard held == nil else { return }
        if inputHasEnded {
            inputEnded()
        } else {
            socket.readOn()
        }
    }

    private func work(off bytes: inout ByteBuffer) {
        reader.lend(&commons.inputSpare)
        while !isPaused, let event = reader.next(from: &bytes) { handle(event) }
        reader.takeBack(into: &commons.inputSpare)
        commons.trimInputSpare()
        if isPaused, bytes.readableBytes > 0 { hold(bytes) }
        if reader.hasSeenData {
            reader.hasSeenData = false
            if keepalive.heard(at: socket.loop.now) { keepAlive() }
        }
    }

    private func handle(_ event: WebSocketFrameReader.Event) {
        switch state {
        case .open:
            switch event {
            case .data(let isText, let isFinal):
                client?.webSocket(self, received: reader.payload, opcode: isText ? .text : .binary, isFinal: isFinal)
            case .ping: pong(reader.control)
            case .pong: ponged(reader.control)
            case .close(let code): clientClosed(code)
            case .violation(let violation): clientViolated(violation)
            }
        case .closing:
            switch event {
            case .close, .violation: end()
            case .data, .ping, .pong: break  // Nothing may follow our Close.
            }
        case .ending, .closed:
            break  // What the client sent behind its end.
        }
    }
}
