internal import Admission
internal import LinuxIO
internal import NIOCore
internal import Observations
internal import TransitRules

/// A TCP or Unix client whose partner is a WebSocket client: its channel's only handler.
///
///     open ──finish()──▶ departing ──has everything──▶ closed
///
/// Confined to the event loop.
final class BridgeSocket: ChannelInboundHandler, BridgedClient {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

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
    private var context: ChannelHandlerContext?
    private var isPaused = false
    private var inputHasEnded = false

    init(kind: ConnectionKind, accepted: Instant, pass: consuming DoorPass, bridge: Bridge) {
        self.pass = consume pass
        self.kind = kind
        self.accepted = accepted
        self.bridge = bridge
    }

    /// From now on its bytes are its partner's.
    func begin(_ pair: BridgedPair, as side: PairSide) {
        state = .open(pair, side)
        context?.read()
    }

    // MARK: What the pair wants

    var isWritable: Bool { context?.channel.isWritable ?? false }

    var queuedBytes: Int {
        guard case .open = state, let channel = context?.channel else { return 0 }
        // Every socket channel has the option; one that is closed has nothing queued.
        return (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }

    func write(_ payload: ByteBuffer) {
        guard payload.readableBytes > 0 else { return }
        context?.write(wrapOutboundOut(payload), promise: nil)
    }

    func flush() {
        context?.flush()
    }

    func pauseReading() {
        isPaused = true
    }

    func resumeReading() {
        isPaused = false
        context?.read()
    }

    func finish(_ cause: CloseCause) {
        self.cause = cause
        observeRoundTrip()
        if inputHasEnded { return close() }
        state = .departing(Departure(at: .current))
        isPaused = false
        context?.close(mode: .output, promise: nil)
        context?.read()
        checkDeparture()
    }

    func abort(_ cause: CloseCause) {
        self.cause = cause
        close()
    }

    // MARK: What the channel reports

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
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

    func channelReadComplete(context: ChannelHandlerContext) {
        switch state {
        case .open(let pair, let side):
            pair.readCompleted(side)
            if !isPaused { context.read() }
        case .departing(let departure):
            if departure.mayDiscard { context.read() }
        case .closed:
            break
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard case .open(let pair, let side) = state else { return }
        pair.writabilityChanged(side)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case ChannelEvent.inputClosed? = event as? ChannelEvent else { return }
        inputHasEnded = true
        switch state {
        case .open(let pair, let side): pair.sourceEnded(side, takesMore: true)
        case .departing: close()
        case .closed: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        breakOff()
    }

    func channelInactive(context: ChannelHandlerContext) {
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
            context?.close(promise: nil)
        case .departing:
            close()
        case .closed:
            break
        }
    }

    /// Asks the kernel something about the socket.
    private func withSocket<Answer>(_ ask: (CInt) -> Answer) -> Answer? {
        // Fails only for a channel that is closed.
        try? context?.channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: CInt.self) { ask($0) }
    }

    /// What the kernel measured, once, when the pair is over for this socket.
    private func observeRoundTrip() {
        guard kind.family != .unix, let roundTrip = withSocket({ SocketRoundTrip.of($0) }) ?? nil else { return }
        bridge.observe(.keepaliveAnswered(.transit, roundTrip: roundTrip))
    }

    private func checkDeparture() {
        guard case .departing(var departure) = state else { return }
        let queues = withSocket {
            (unconfirmed: SocketQueues.unconfirmedBytes(of: $0), readable: SocketQueues.readableBytes(of: $0))
        }
        let isDone = departure.isDone(
            unconfirmed: kind.family == .unix ? 0 : queues?.unconfirmed ?? 0,
            readable: queues?.readable ?? 0,
            at: .current,
            limits: bridge.limits
        )
        state = .departing(departure)
        if isDone {
            close()
        } else {
            bridge.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(bridge.limits.departureCheck)) {
                self.checkDeparture()
            }
        }
    }

    private func close() {
        state = .closed
        context?.close(promise: nil)
    }
}

@available(*, unavailable)
extension BridgeSocket: Sendable {}
