internal import Admission
internal import NIOCore
internal import NIOWebSocket
internal import Observations
internal import TransitRules
internal import WebSocketServer
internal import WormholeWire

/// One WebSocket client of the relay.
///
///     handshaking ──first message──▶ told ──partner──▶ relaying
///          └──────────────┴──────▶ leaving, gone ◀──────┘
///
/// What its messages mean while it has no partner is decided by the front, on another thread; until that has spoken, a
/// message that may be too early is held, and nothing more is read. Confined to the event loop.
final class BridgeClient: WebSocketClient, BridgedClient {
    private enum State {
        case handshaking(HandshakeMessageReader)
        /// The front knows the handshake. It may be joined at any moment.
        case told(held: Held?)
        case relaying(BridgedPair, PairSide)
        /// We have sent it Close.
        case leaving(CloseCause)
        /// It has ended. Its record, if the front never hears of it, has this mood.
        case gone(TransitMood)
    }

    /// A message that came before anybody said that there was a partner.
    private enum Held {
        case message(ByteBuffer, isFinal: Bool)
        case text
    }

    let key: WebSocketKey
    let accepted: Arrival
    /// Where it comes from; `nil` when it is not counted by source.
    let source: SourceID?
    private let kind: ConnectionKind
    /// Its right to be in, given back when it is gone.
    private var pass: DoorPass?
    private unowned let bridge: Bridge
    private var connection: WebSocketConnection?
    private var state = State.handshaking(HandshakeMessageReader())
    /// What the pair is to be given first.
    private var held: Held?
    /// Whether a part of the message being read was passed on.
    private var isMidMessage = false

    init(
        key: WebSocketKey,
        accepted: Arrival,
        family: AddressFamily,
        pass: consuming DoorPass,
        bridge: Bridge
    ) {
        source = pass.source
        self.pass = consume pass
        self.key = key
        self.accepted = accepted
        self.bridge = bridge
        kind = ConnectionKind(component: .transit, transport: .webSocket, family: family)
    }

    // MARK: What the front wants

    /// Whether it may still be joined.
    var isConnected: Bool {
        switch state {
        case .handshaking, .told, .relaying: true
        case .leaving, .gone: false
        }
    }

    /// The mood of its record, should it end now without the front's knowing.
    var moodAlone: TransitMood {
        switch state {
        case .handshaking: .empty
        case .told, .relaying, .leaving: .lonely
        case .gone(let mood): mood
        }
    }

    func refuse(with reply: TransitReply) {
        say(reply)
        leave(.protocolError, .normal)
    }

    func leave(_ cause: CloseCause, _ farewell: Farewell) {
        guard isConnected else { return }
        state = .leaving(cause)
        switch farewell {
        case .normal: connection?.close(code: .normalClosure)
        case .unacceptableData: connection?.close(code: .unacceptableData)
        case .goingAway: connection?.close(code: .goingAway)
        }
    }

    /// Tells it of its partner. What it said too early waits for ``passOnHeld()``, and nothing is read before that.
    func join(_ pair: BridgedPair, as side: PairSide) {
        guard case .told(let held) = state else { return }
        state = .relaying(pair, side)
        self.held = held
        say(.ok)
        connection?.flush()
        // Before the pair is given anything, because the pair may then pause it.
        if case .message = held { connection?.resumeReading() }
    }

    /// Gives the pair what the client said before it was known that there was a partner, who must have heard of it by now.
    func passOnHeld() {
        guard let held = held.take(), case .relaying(let pair, let side) = state else { return }
        switch held {
        case .message(let payload, let isFinal):
            pass(on: payload, isFinal: isFinal, to: pair, as: side)
            pair.readCompleted(side)
        case .text:
            refuseText(pair, side)
        }
    }

    // MARK: What the pair wants

    var isWritable: Bool { connection?.isWritable ?? false }
    var queuedBytes: Int { connection?.bufferedBytes ?? 0 }

    var inputProgress: (passedOn: UInt64, sent: UInt64) {
        guard let progress = connection?.inputProgress else { return (.max, .max) }
        return (progress.workedOff, progress.sent)
    }

    func write(_ payload: ByteBuffer) {
        connection?.send(payload, as: .binary)
    }

    func flush() {
        connection?.flush()
    }

    func pauseReading() {
        connection?.pauseReading()
    }

    func resumeReading() {
        connection?.resumeReading()
    }

    func finish(_ cause: CloseCause) {
        leave(cause, cause == .drain ? .goingAway : .normal)
    }

    func abort(_ cause: CloseCause) {
        state = .leaving(cause)
        connection?.abort()
    }

    // MARK: What the connection reports

    func webSocketOpened(_ connection: WebSocketConnection) {
        self.connection = connection
        bridge.opened(self, kind)
    }

    func webSocket(
        _ connection: WebSocketConnection,
        received payload: ByteBuffer,
        opcode: WebSocketOpcode,
        isFinal: Bool
    ) {
        switch state {
        case .handshaking(var reader):
            guard opcode == .binary else { return hold(.text, as: .text(key)) }
            let verdict = payload.withUnsafeReadableBytes {
                reader.read($0.bindMemory(to: UInt8.self).span, isFinal: isFinal)
            }
            state = .handshaking(reader)
            guard let verdict else { return }
            state = .told(held: nil)
            pass?.handshakeEnded()
            bridge.front.post(.judged(key, verdict))
        case .told(.none):
            if opcode == .binary {
                hold(.message(payload, isFinal: isFinal), as: .message(key))
            } else {
                hold(.text, as: .text(key))
            }
        case .relaying(let pair, let side):
            guard opcode == .binary else { return refuseText(pair, side) }
            pass(on: payload, isFinal: isFinal, to: pair, as: side)
        case .told(.some), .leaving, .gone:
            break  // Race: the rest of what was read before the pause, or before the end.
        }
    }

    func webSocketReadCompleted(_ connection: WebSocketConnection) {
        if case .relaying(let pair, let side) = state { pair.readCompleted(side) }
    }

    func webSocketWritabilityChanged(_ connection: WebSocketConnection) {
        if case .relaying(let pair, let side) = state { pair.writabilityChanged(side) }
    }

    func webSocketPonged(_ connection: WebSocketConnection, roundTrip: Duration) {
        bridge.observe(.keepaliveAnswered(.transit, roundTrip: roundTrip))
    }

    func webSocketClosed(_ connection: WebSocketConnection, cause: WebSocketCloseCause) {
        let before = state
        state = .gone(moodAlone)
        var closeCause = CloseCause(cause)
        switch before {
        case .handshaking, .told:
            bridge.front.post(.ended(key, closeCause))
        case .relaying(let pair, let side):
            if cause.isOrderly { pair.sourceEnded(side, takesMore: false) } else { pair.failed(side) }
            if closeCause == .clientClose || closeCause == .ioError { closeCause = pair.closing.closeCause(of: side) }
        case .leaving(let cause):
            closeCause = cause
        case .gone:
            break
        }
        self.connection = nil
        pass = nil
        bridge.closed(self, kind, cause: closeCause)
    }

    // MARK: Steps

    /// Keeps a message that may be too early, and has the front decide.
    private func hold(_ held: Held, as order: FrontOrder) {
        state = .told(held: held)
        pass?.handshakeEnded()
        connection?.pauseReading()
        bridge.front.post(order)
    }

    private func pass(on payload: ByteBuffer, isFinal: Bool, to pair: BridgedPair, as side: PairSide) {
        // An empty message is one too; the empty end of a message that was passed on in pieces is none.
        if payload.readableBytes > 0 || !isMidMessage { pair.received(payload, from: side) }
        isMidMessage = !isFinal
    }

    private func refuseText(_ pair: BridgedPair, _ side: PairSide) {
        leave(.protocolError, .unacceptableData)
        pair.sourceEnded(side, takesMore: false)
    }

    private func say(_ reply: TransitReply) {
        guard let connection else { return }
        connection.withFrame(.binary) { buffer in
            _ = reply.withBytes { buffer.writeBytes($0) }
        }
    }
}

@available(*, unavailable)
extension BridgeClient: Sendable {}

extension CloseCause {
    fileprivate init(_ cause: WebSocketCloseCause) {
        switch cause {
        case .clientClose, .disconnected: self = .clientClose
        case .protocolError, .messageTooBig: self = .protocolError
        case .pingTimeout: self = .pingTimeout
        case .ioError: self = .ioError
        case .serverClose, .aborted: self = .serverError
        }
    }
}

extension WebSocketCloseCause {
    /// Whether the client meant to end.
    fileprivate var isOrderly: Bool {
        switch self {
        case .clientClose, .disconnected, .protocolError, .messageTooBig, .serverClose: true
        case .pingTimeout, .aborted, .ioError: false
        }
    }
}
