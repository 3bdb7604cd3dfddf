import NIOCore
import NIOWebSocket

/// Finding out whether the client is still there.
extension WebSocketConnection {
    /// Does what is due, and sets the timer for what is next.
    func keepAlive() {
        guard case .open = state else { return }
        let now = eventLoop.now
        // A client that gets no turn to be read, or has output waiting, may be unable to answer.
        let spares = commons.configuration.sparesClientsUnderBackpressure
        switch keepalive.look(at: now, isExcused: isPaused || (spares && bufferedBytes > 0)) {
        case .look(let deadline):
            setTimer(at: deadline)
        case .rest:
            cancelTimer()
        case .ping:
            var random = SystemRandomNumberGenerator()
            let payload = Keepalive.Payload(high: random.next(), low: random.next())
            var bytes = ByteBuffer()
            bytes.writeMultipleIntegers(payload.high, payload.low)
            send(bytes, as: .ping)
            flush()
            keepalive.asked(payload, at: now)
            keepAlive()
        case .giveUp:
            ended(because: .pingTimeout)
            shut()
        }
    }

    /// A Pong has come.
    func ponged(_ bytes: ByteBuffer) {
        var bytes = bytes
        guard bytes.readableBytes == 12,
            let (high, low) = bytes.readMultipleIntegers(as: (UInt64, UInt32).self),
            let roundTrip = keepalive.answered(Keepalive.Payload(high: high, low: low), at: eventLoop.now)
        else { return }
        keepAlive()
        client?.webSocketPonged(self, roundTrip: roundTrip)
    }

    /// The connection's one timer: keepalive while open, patience while closing.
    func setTimer(at deadline: NIODeadline) {
        timer?.cancel()
        let target = CallbackTarget(self, eventLoop: eventLoop) { $0.timerFired() }
        // Only a loop that is shutting down refuses, and it closes every channel.
        timer = try? eventLoop.scheduleCallback(at: deadline, handler: target)
    }

    func cancelTimer() {
        timer?.cancel()
        timer = nil
    }

    private func timerFired() {
        timer = nil
        switch state {
        case .open: keepAlive()
        case .closing: waitForClose()
        case .ending, .closed: break
        }
    }
}
