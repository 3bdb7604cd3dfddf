internal import Admission
internal import LinuxIO
internal import NIOCore
internal import Observations
internal import Sockets
internal import TransitRules

/// A TCP or Unix client whose partner is a WebSocket client: the owner of its socket.
///
///     open ──finish()──▶ departing ──has everything──▶ closed
///
/// Confined to the event loop.
final class BridgeSocket: StreamSocketOwner, BridgedClient {
    private enum State {
        case open(BridgedPair, PairSide)
        case departing(Departure)
        case closed
    }

    private let kind: ConnectionKind
    private let accepted: Instant
    /// Its right to be in, given back when it is gone.
    private var pass: DoorPass?
    private unowned let bridge: Bridge
    private var state = State.closed
    private var cause = CloseCause.serverError
    private var socket: StreamSocket?
    private var isPaused = false
    private var inputHasEnded = false

    /// More than this queued, and its partner is not read.
    private static let highWaterMark = 64 << 10

    init(kind: ConnectionKind, accepted: Instant, pass: consuming DoorPass, bridge: Bridge) {
        self.pass = consume pass
        self.kind = kind
        self.accepted = accepted
        self.bridge = bridge
    }

    /// From now on its bytes are its partner's.
    ///
    /// - Parameter unsent: What it is to be told first.
    /// - Returns: `false` when the event loop cannot watch the socket, which is closed then.
    func begin(
        _ pair: BridgedPair,
        as side: PairSide,
        on descriptor: consuming Descriptor,
        having unsent: [UInt8]
    ) -> Bool {
        let made = try? StreamSocket(descriptor, peer: nil, on: bridge.eventLoop, highWaterMark: Self.highWaterMark)
        guard let socket = made else { return false }
        self.socket = socket
        state = .open(pair, side)
        socket.owner = self
        var unsent = ByteBuffer(bytes: unsent)
        socket.write(&unsent)
        return true
    }

    // MARK: What the pair wants

    var isWritable: Bool { socket.map { $0.isOpen && $0.isWritable } ?? false }

    var queuedBytes: Int {
        guard case .open = state else { return 0 }
        return socket?.queuedBytes ?? 0
    }

    var inputProgress: (passedOn: UInt64, sent: UInt64) {
        guard let socket, socket.isOpen else { return (.max, .max) }
        return (socket.receivedBytes, socket.receivedBytes + UInt64(socket.unreadBytes))
    }

    func write(_ payload: ByteBuffer) {
        socket?.enqueue(payload)
    }

    func flush() {
        socket?.flush()
    }

    func pauseReading() {
        isPaused = true
    }

    func resumeReading() {
        isPaused = false
        socket?.readOn()
    }

    func finish(_ cause: CloseCause) {
        self.cause = cause
        observeRoundTrip()
        if inputHasEnded { return close() }
        state = .departing(Departure(at: .current))
        isPaused = false
        socket?.finishSending()
        socket?.readOn()
        checkDeparture()
    }

    func abort(_ cause: CloseCause) {
        self.cause = cause
        close()
    }

    // MARK: What the socket reports

    var takesInput: Bool {
        switch state {
        case .open: !isPaused
        case .departing(let departure): departure.mayDiscard
        case .closed: false
        }
    }

    func streamSocket(received bytes: inout ByteBuffer) {
        switch state {
        case .open(let pair, let side):
            pair.received(bytes, from: side)
        case .departing(var departure):
            departure.discarded(bytes.readableBytes)
            state = .departing(departure)
        case .closed:
            break  // Race: the close is under way.
        }
    }

    func streamSocketReadCompleted() {
        if case .open(let pair, let side) = state { pair.readCompleted(side) }
    }

    func streamSocketWritabilityChanged() {
        // Not from within the pair's own calls.
        bridge.afterThisTurn { [self] in
            if case .open(let pair, let side) = state { pair.writabilityChanged(side) }
        }
    }

    func streamSocketInputEnded() {
        inputHasEnded = true
        switch state {
        case .open(let pair, let side): pair.sourceEnded(side, takesMore: true)
        case .departing: close()
        case .closed: break
        }
    }

    func streamSocketTimerFired() {
        checkDeparture()
    }

    func streamSocketClosed() {
        breakOff()
        pass = nil
        bridge.socketClosed(self, kind, cause: cause, lifetime: .current - accepted)
    }

    // MARK: Steps

    private func breakOff() {
        switch state {
        case .open(let pair, let side):
            state = .closed
            observeRoundTrip()
            pair.failed(side)
            cause = pair.closing.closeCause(of: side)
            socket?.close()
        case .departing:
            close()
        case .closed:
            break
        }
    }

    /// What the kernel measured, once, when the pair is over for this socket.
    private func observeRoundTrip() {
        guard kind.family != .unix, let number = socket?.number, let roundTrip = SocketRoundTrip.of(number) else {
            return
        }
        bridge.observe(.keepaliveAnswered(.transit, roundTrip: roundTrip))
    }

    private func checkDeparture() {
        guard case .departing(var departure) = state, let socket else { return }
        let isDone = departure.isDone(
            unconfirmed: kind.family == .unix ? 0 : socket.unconfirmedBytes,
            readable: socket.number.map(SocketQueues.readableBytes) ?? 0,
            at: .current,
            limits: bridge.limits
        )
        state = .departing(departure)
        if isDone {
            close()
        } else {
            socket.setTimer(at: bridge.eventLoop.now + TimeAmount(bridge.limits.departureCheck))
        }
    }

    private func close() {
        state = .closed
        socket?.close()
    }
}

@available(*, unavailable)
extension BridgeSocket: Sendable {}
