import NIOCore
import NIOWebSocket
import Sockets

/// Finding out whether the client is still there.
extension WebSocketConnection {
    /// Does what is due, and sets the timer for what is next.
    func keepAlive() {
        guard case .open = state else { return }
        let now = socket.loop.now
        // A client that gets no turn to be read, or has output waiting, may be unable to answer.
        let spares = commons.configuration.sparesClientsUnderBackpressure
        switch keepalive.look(at: now, isExcused: isPaused || (spares && bufferedBytes > 0)) {
        case .look(let deadline):
            socket.setTimer(at: deadline)
        case .rest:
            socket.cancelTimer()
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
            let roundTrip = keepalive.answered(Keepalive.Payload(high: high, low: low), at: socket.loop.now)
        else { return }
        keepAlive()
        client?.webSocketPonged(self, roundTrip: roundTrip)
    }
}
