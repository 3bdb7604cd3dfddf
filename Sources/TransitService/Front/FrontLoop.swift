internal import Admission
internal import LinuxIO
internal import Observations
internal import TransitRules
internal import WormholeWire

/// The epoll loop that accepts connections, reads their handshakes, keeps those who wait, and pairs them.
///
/// The one owner of the pairing table. What it decides are the rules of ``RelayFront``; it carries their effects out. TCP
/// clients are its own; WebSocket clients live on their event loop and are spoken to through ports. Pairs of TCP clients begin
/// on its thread as well, and stay there while they are small: most of what a short pair costs would be the way to another.
///
/// Confined to the thread that calls ``run()``; others speak to it through its ``FrontPort``.
final class FrontLoop: ServiceLoop {
    /// Bytes of one read. A client that was joined by its handshake hands the rest of such a read on in one block.
    private static let readSize = 32 << 10
    private static let eventCapacity = 256

    let port: FrontPort
    /// Owns the small pairs, takes part in this loop's turns, and has the epoll of both.
    let home: RelayWorker
    let observations: ObservationSource
    let bridge: BridgePort?
    let doorkeeper: Doorkeeper
    var listeners: [FrontListener]
    /// When accepting goes on after it has failed; `nil` while it goes on.
    var acceptResumes: Instant?

    var rules: RelayFront
    var clients = FrontClients()
    /// The names the rules know the WebSocket clients by.
    var webSocketIDs: [WebSocketKey: SlotID] = [:]
    var now = Instant.current

    private var effects: [FrontEffect] = []
    private var events = EpollEvents(capacity: eventCapacity)
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: readSize, alignment: 64)
    private var reportedLevels = TransitWaitingLevels()
    private var reportedSources = SourceLevels()
    private var reportedTables = LimitTableLevels()
    /// Sockets that were handed on to those who relay.
    var handedOn = 0
    /// Of the concern in the file beside this one.
    var audits: [(audit: FrontAudit, answer: AuditAnswer)] = []
    private var isStopping = false
    private var pulse: PulseTimer

    init(
        port: FrontPort,
        listeners: [Handover<ListeningSocket>],
        timeouts: FrontTimeouts,
        waitingPerSourceAndToken: Int,
        selfTestToken: TransitToken?,
        doorkeeper: Doorkeeper,
        home: RelayWorker,
        bridge: BridgePort?,
        pulse: any LoopPulse,
        observations: consuming ObservationSource
    ) throws(ErrorNumber) {
        self.port = port
        self.home = home
        self.bridge = bridge
        self.observations = observations
        self.pulse = PulseTimer(pulse, at: .current)
        self.doorkeeper = doorkeeper
        rules = RelayFront(
            timeouts: timeouts,
            waitingPerSourceAndToken: waitingPerSourceAndToken,
            selfTestToken: selfTestToken
        )
        self.listeners = listeners.compactMap { FrontListener($0) }
        try epoll.add(port.signal.descriptor, for: .readable, tag: FrontTag.orders.bits)
        try watchListeners()
    }

    deinit { buffer.deallocate() }

    var epoll: Epoll { _read { yield home.epoll } }

    /// Works until it was told to stop, and the pairs that are with it are over.
    func run() {
        while !isStopping || !home.isFinished { turn() }
        home.end()
        observations.flush()
        pulse.end()
    }

    private func turn() {
        let count = waitForEvents()
        now = .current
        home.beginTurn(at: now)
        // Those who leave come first, so that nobody is joined with someone who is known to be gone.
        for index in 0..<count where events[index].readiness.overlaps(.farewell) { handle(events[index]) }
        for index in 0..<count where !events[index].readiness.overlaps(.farewell) { handle(events[index]) }
        rules.expire(at: now, into: &effects)
        perform()
        home.finishTurn()
        if pulse.turn(at: now) { lookAtSources() }
        proceedWithAudits()
        if let resumes = acceptResumes, resumes <= now { resumeAccepting() }
        let levels = rules.levels
        // With the next turn, a second later at most, when there is no room.
        if levels != reportedLevels, observations.append(.transitWaitingLevels(levels)) { reportedLevels = levels }
        observations.flush()
    }

    private func lookAtSources() {
        if doorkeeper.rotateKey(at: now.nanoseconds) {
            observations.append(
                .maintenanceFinished(.addressRotation, succeeded: true, duration: .current - now)
            )
        }
        let levels = doorkeeper.sourceLevels
        if levels != reportedSources, observations.append(.sourceLevels(levels)) { reportedSources = levels }
        let tables = doorkeeper.tableLevels
        if tables != reportedTables, observations.append(.limitTableLevels(.transit, tables)) {
            reportedTables = tables
        }
    }

    private func waitForEvents() -> Int {
        do throws(ErrorNumber) {
            return try epoll.wait(into: &events, milliseconds: home.hasWork ? 0 : millisecondsToNextDeadline())
        } catch {
            preconditionFailure("epoll_wait refuses our own arguments: \(error)")
        }
    }

    private func millisecondsToNextDeadline() -> CInt {
        var next = Instant.earlier(rules.nextDeadline, acceptResumes)
        next = Instant.earlier(next, home.nextDeadline)
        if !audits.isEmpty { next = Instant.earlier(next, .current + Self.auditPause) }
        return min(next ?? pulse.due, pulse.due).milliseconds(after: .current)
    }

    private func handle(_ event: (tag: UInt64, readiness: Readiness)) {
        switch FrontTag(event.tag) {
        case .pairs:
            home.handle(event.tag, event.readiness)
        case .client(let id):
            read(from: id, hasFinished: event.readiness.overlaps(.farewell))
        case .listener(let index):
            // After the order to stop there is none of this number.
            if index < listeners.count { acceptConnections(on: listeners[index]) }
        case .orders:
            for order in port.takeOrders() { follow(order) }
        }
    }

    // MARK: TCP clients

    /// Reads what a client has sent, and lets the rules decide, until there is nothing more or it is no longer ours.
    private func read(from id: SlotID, hasFinished: Bool) {
        while rules.contains(id) {
            guard let result = clients.withSocket(at: id.index, { $0.receive(into: buffer) }) else { return }
            switch result {
            case .moved(let count):
                let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
                rules.received(bytes.bindMemory(to: UInt8.self).span, from: id, at: now, into: &effects)
                perform()
                // Less than there was room for means that it is empty, and the next byte is a new edge; except that an
                // end that is known already makes no further edge.
                if count < buffer.count && !hasFinished { return }
            case .wouldBlock:
                return
            case .ended:
                rules.ended(id, cause: .clientClose, at: now, into: &effects)
                perform()
            case .failed:
                rules.ended(id, cause: .ioError, at: now, into: &effects)
                perform()
            }
        }
    }

    // MARK: Orders

    private func follow(_ order: FrontOrder) {
        switch order {
        case .opened(let key, let arrival, let source):
            // Its event loop is about to end it.
            guard !isStopping else { return }
            let id = rules.admit(.webSocket, accepted: arrival, from: source, at: now)
            clients.insert(.webSocket(key), at: id.index)
            webSocketIDs[key] = id
        case .judged(let key, let verdict):
            guard let id = webSocketIDs[key] else { return }
            rules.judged(verdict, from: id, at: now, into: &effects)
        case .message(let key):
            guard let id = webSocketIDs[key] else { return }
            rules.receivedMessage(from: id, at: now, into: &effects)
        case .text(let key):
            guard let id = webSocketIDs[key] else { return }
            rules.receivedText(from: id, at: now, into: &effects)
        case .ended(let key, let cause):
            guard let id = webSocketIDs[key] else { return }
            rules.ended(id, cause: cause, at: now, into: &effects)
        case .audit(let answer):
            audits.append((FrontAudit(of: rules), answer))
        case .perform(let body):
            body(self)
        case .stop(let answer):
            isStopping = true
            acceptResumes = nil
            closeListeners()
            rules.stop(at: now, into: &effects)
            perform()
            home.keepPairs()
            answer.give(())
        }
        perform()
    }

    // MARK: Effects

    private func perform() {
        // Carrying an effect out never leads to another, so the buffer can be kept.
        for effect in effects { perform(effect) }
        effects.removeAll(keepingCapacity: true)
    }
}

@available(*, unavailable)
extension FrontLoop: Sendable {}
