internal import Admission
internal import LinuxIO
internal import NIOCore
internal import Observations
internal import Sockets
internal import TransitRules
internal import WebSocketServer
internal import WormholeWire

/// The WebSocket clients of the relay, and the pairs of which one is: everything that happens on their event loop.
///
/// The front decides who is joined with whom; here their bytes are passed on. Confined to the event loop; others speak to
/// it through its ``BridgePort``.
final class Bridge {
    let eventLoop: SocketLoop
    let front: FrontPort
    var limits: RelayLimits
    let doorkeeper: Doorkeeper
    var throttle: Throttle?
    var throttledTime = ThrottledTime()
    let observations: ObservationSource
    private var nextKey: UInt64 = 1
    private var lastPairNumber: UInt64 = 0
    /// Clients the front is to decide about.
    var undecided: [WebSocketKey: BridgeClient] = [:]
    /// Upgraded clients whose end was not reported yet.
    var connected: [ObjectIdentifier: BridgeClient] = [:]
    /// Sockets that are open.
    var sockets: [ObjectIdentifier: BridgeSocket] = [:]
    /// Pairs without their record.
    var pairs: [ObjectIdentifier: BridgedPair] = [:]
    /// Those of them that end.
    var ending: [ObjectIdentifier: BridgedPair] = [:]
    var meters: [TransitPath: RelayMeter]
    var pausedNanoseconds: [TransitPath: Int64] = [:]
    /// Sockets that were taken over.
    var takenOver = 0

    var pulse: PulseTimer
    var pulseTimer: NIOCore.Scheduled<Void>?
    var isFlushScheduled = false
    var isReportScheduled = false
    var isEndingWatched = false
    var arePairsWatched = false
    /// Nobody new is wanted any more.
    var isStopping = false
    /// Pairs are not to be waited for when we stop.
    var isHastened = false
    var whenEmpty: EventLoopPromise<Void>?

    /// - Parameter firstOwner: The numbers of owners of pairs from this one on are free.
    init(
        eventLoop: SocketLoop,
        front: FrontPort,
        limits: RelayLimits,
        doorkeeper: Doorkeeper,
        throttle: Throttle?,
        firstOwner: Int,
        pulse: any LoopPulse,
        observations: consuming ObservationSource
    ) {
        self.eventLoop = eventLoop
        self.front = front
        self.limits = limits
        self.doorkeeper = doorkeeper
        self.throttle = throttle
        self.pulse = PulseTimer(pulse, at: .current)
        self.observations = observations
        meters = [
            .tcpToWebSocket: RelayMeter(owner: firstOwner, path: .tcpToWebSocket),
            .webSocketToWebSocket: RelayMeter(owner: firstOwner + 1, path: .webSocketToWebSocket),
        ]
    }

    // MARK: Clients

    func makeClient(for request: UpgradeRequest, _ pass: consuming DoorPass) -> BridgeClient {
        let key = WebSocketKey(number: nextKey)
        nextKey += 1
        let instant = Instant(nanoseconds: Int64(clamping: request.acceptedTick.uptimeNanoseconds))
        return BridgeClient(
            key: key,
            accepted: Arrival(date: request.accepted, instant: instant),
            family: AddressFamily(request.peer),
            pass: pass,
            bridge: self
        )
    }

    /// A client was upgraded.
    func opened(_ client: BridgeClient, _ kind: ConnectionKind) {
        observe(.connectionAccepted(kind))
        connected[ObjectIdentifier(client)] = client
        undecided[client.key] = client
        if isStopping { endUnknown(client) } else { front.post(.opened(client.key, client.accepted, client.source)) }
    }

    /// A client has ended.
    func closed(_ client: BridgeClient, _ kind: ConnectionKind, cause: CloseCause) {
        observe(.connectionClosed(kind, cause: cause, lifetime: .current - client.accepted.instant))
        connected[ObjectIdentifier(client)] = nil
        checkEmpty()
    }

    func socketClosed(_ socket: BridgeSocket, _ kind: ConnectionKind, cause: CloseCause, lifetime: Duration) {
        observe(.connectionClosed(kind, cause: cause, lifetime: lifetime))
        sockets[ObjectIdentifier(socket)] = nil
        checkEmpty()
    }

    // MARK: What the front decides

    func refuse(_ key: WebSocketKey, with reply: TransitReply) {
        undecided.removeValue(forKey: key)?.refuse(with: reply)
    }

    func close(_ key: WebSocketKey, _ cause: CloseCause, _ farewell: Farewell) {
        undecided.removeValue(forKey: key)?.leave(cause, farewell)
    }

    func join(_ first: WebSocketKey, _ second: WebSocketKey, record: PairRecord) {
        guard let first = undecided.removeValue(forKey: first), let second = undecided.removeValue(forKey: second)
        else { return }
        let pair = BridgedPair(first: first, second: second, path: .webSocketToWebSocket, record: record, bridge: self)
        began(pair)
        first.join(pair, as: .first)
        second.join(pair, as: .second)
        // Payload comes behind the ok of both.
        first.passOnHeld()
        second.passOnHeld()
        observePairing(pair)
        // Who left while the front was deciding.
        if !first.isConnected { pair.sourceEnded(.first, takesMore: false) }
        if !second.isConnected { pair.sourceEnded(.second, takesMore: false) }
    }

    func join(_ handoff: consuming SocketHandoff, with key: WebSocketKey) {
        guard let client = undecided.removeValue(forKey: key) else { return }
        let side = handoff.side
        let unsent = handoff.unsent
        let early = handoff.early
        let record = handoff.record
        let end = handoff.takeEnd()
        let kind = end.kind
        let accepted = end.accepted
        let socket = BridgeSocket(kind: kind, accepted: accepted, pass: end.pass, bridge: self)
        sockets[ObjectIdentifier(socket)] = socket
        takenOver += 1
        let pair = BridgedPair(
            first: side == .first ? socket : client,
            second: side == .first ? client : socket,
            path: .tcpToWebSocket,
            record: record,
            bridge: self
        )
        began(pair)
        let isWatched = socket.begin(pair, as: side, on: end.descriptor, having: unsent)
        client.join(pair, as: side.other)
        client.passOnHeld()
        observePairing(pair)
        if !isWatched {
            socketClosed(socket, kind, cause: .serverError, lifetime: .current - accepted)
            pair.failed(side)
        } else if !early.isEmpty {
            pair.received(ByteBuffer(bytes: early), from: side)
            pair.readCompleted(side)
        }
        if !client.isConnected { pair.sourceEnded(side.other, takesMore: false) }
    }

    // MARK: Pairs

    func nextPairNumber() -> UInt64 {
        lastPairNumber += 1
        return lastPairNumber
    }

    private func began(_ pair: BridgedPair) {
        pairs[ObjectIdentifier(pair)] = pair
        meters[pair.path]?.pairCame(at: .current)
        scheduleReport()
        watchPairs()
    }

    /// A pair has begun to end.
    func beganEnding(_ pair: BridgedPair) {
        ending[ObjectIdentifier(pair)] = pair
        watchEnding()
    }

    /// Everything that could be delivered is written.
    func ended(_ pair: BridgedPair) {
        pairs[ObjectIdentifier(pair)] = nil
        ending[ObjectIdentifier(pair)] = nil
        let cause = pair.closing.reason?.cause ?? .serverError
        observe(.transitEnded(pair.record.summary(totalBytes: pair.totalBytes, cause: cause, at: .current)))
        meters[pair.path]?.pairLeft(totalBytes: pair.totalBytes, at: .current)
        scheduleReport()
        checkEmpty()
    }

    private func observePairing(_ pair: BridgedPair) {
        observe(.transitPaired(pair.record.pairing(on: pair.path, at: .current)))
    }

    func progressed(_ bytes: Int, on path: TransitPath) {
        meters[path]?.progressed(bytes, at: .current)
        scheduleReport()
    }

    func paused(for duration: Duration, on path: TransitPath) {
        pausedNanoseconds[path, default: 0] += duration.wholeNanoseconds
        scheduleReport()
    }
}

@available(*, unavailable)
extension Bridge: Sendable {}

extension AddressFamily {
    fileprivate init(_ peer: PeerAddress?) {
        switch peer?.isIPv6 {
        case false?: self = .ipv4
        case true?: self = .ipv6
        case nil: self = .unix
        }
    }
}
