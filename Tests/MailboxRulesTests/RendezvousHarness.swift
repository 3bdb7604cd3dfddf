import Admission
import MailboxRules
import Observations
import TestSupport
import WormholeWire

/// The rules with clients to drive them, a clock that moves by hand, and everything that was said kept per client.
struct RendezvousHarness {
    var rendezvous: Rendezvous<MemoryStore<SeededGenerator>>
    /// The wall clock. Set it to step it; the clock that only goes forward does not notice.
    var now = Timestamp(microseconds: 1_000_000_000_000)
    private(set) var changes: [Change] = []
    private(set) var observations: [Observation] = []
    private(set) var closes: [ConnectionID: CloseReason] = [:]
    private var said: [ConnectionID: [ServerMessage]] = [:]
    private var lastID: UInt64 = 0

    init(
        _ stored: StoredChannels = StoredChannels(),
        limits: MailboxLimits = MailboxLimits(),
        allowsList: Bool = true,
        permission: PermissionPolicy = .open,
        expiry: ExpiryPolicy = ExpiryPolicy(),
        seed: UInt64 = 1
    ) {
        rendezvous = Rendezvous(
            store: MemoryStore(
                stored,
                expiry: expiry,
                limits: limits,
                random: SeededGenerator(seed: seed)
            ),
            welcome: Welcome(),
            limits: limits,
            allowsList: allowsList,
            permission: permission
        )
    }

    /// What the check that runs in the background says of it.
    var findings: [InvariantFinding] {
        var audit = RendezvousAudit(of: rendezvous)
        while audit.step(rendezvous, limit: 100) {}
        return audit.findings
    }

    /// A new connection; its welcome is taken.
    mutating func connect(from source: SourceID? = nil) -> ConnectionID {
        lastID += 1
        let id = ConnectionID(lastID)
        var effects: [Effect] = []
        rendezvous.connected(
            id,
            from: .ipv4("127.0.0.1", port: 5),
            source: source,
            resource: "resource\(lastID)",
            at: now,
            into: &effects
        )
        take(effects)
        _ = takeSaid(to: id)
        return id
    }

    /// A new connection that has bound; what was said is taken.
    mutating func bound(_ side: String, app: String = "app", from source: SourceID? = nil) -> ConnectionID {
        let id = connect(from: source)
        say(#"{"type":"bind","appid":"\#(app)","side":"\#(side)"}"#, on: id)
        _ = takeSaid(to: id)
        return id
    }

    /// Sends one frame; the clock moves by a millisecond.
    mutating func say(_ text: String, on id: ConnectionID) {
        pass(.milliseconds(1))
        var effects: [Effect] = []
        rendezvous.received(ClientFrame(text.utf8), from: id, at: now, into: &effects)
        take(effects)
    }

    /// Sends one frame and returns all that was said back to this client since the last taking.
    mutating func ask(_ text: String, on id: ConnectionID) -> [ServerMessage] {
        say(text, on: id)
        return takeSaid(to: id)
    }

    /// Sends one command and returns the text of the `error` it ends in, if it does.
    mutating func error(_ text: String, on id: ConnectionID) -> String? {
        ask(text, on: id).compactMap { if case .error(let text, _) = $0 { text } else { nil } }.last
    }

    mutating func takeSaid(to id: ConnectionID) -> [ServerMessage] {
        said.removeValue(forKey: id) ?? []
    }

    mutating func takeObservations() -> [Observation] {
        defer { observations.removeAll() }
        return observations
    }

    mutating func takeChanges() -> [Change] {
        defer { changes.removeAll() }
        return changes
    }

    /// Time passes, on both clocks.
    mutating func pass(_ duration: Duration) {
        now = now + duration
        rendezvous.uptime = rendezvous.uptime + duration
    }

    mutating func disconnect(_ id: ConnectionID) {
        rendezvous.disconnected(id)
    }

    mutating func expire(after duration: Duration) {
        pass(duration)
        var effects: [Effect] = []
        rendezvous.expire(at: now, into: &effects)
        take(effects)
    }

    mutating func endUnbound(after duration: Duration) {
        pass(duration)
        var effects: [Effect] = []
        rendezvous.endUnbound(into: &effects)
        take(effects)
    }

    private mutating func take(_ effects: [Effect]) {
        for effect in effects {
            switch effect {
            case .send(let message, let id, _): said[id, default: []].append(message)
            case .deliver(let message, let listeners):
                for id in listeners { said[id, default: []].append(.message(message)) }
            case .replay(let messages, let id): said[id, default: []] += messages.map(ServerMessage.message)
            case .close(let id, let reason): closes[id] = reason
            case .journal(let change): changes.append(change)
            case .observe(let observation, _): observations.append(observation)
            case .finish, .pause, .resume: break
            }
        }
    }
}

extension [ServerMessage] {
    /// The bodies of the messages among them.
    var bodies: [String] {
        compactMap { if case .message(let message) = $0 { message.body.text } else { nil } }
    }

    /// The mailbox of the `claimed` among them.
    var claimed: MailboxID? {
        compactMap { if case .claimed(let mailbox) = $0 { mailbox } else { nil } }.first
    }

    /// The nameplate of the `allocated` among them.
    var allocated: String? {
        compactMap { if case .allocated(let nameplate) = $0 { nameplate.digits } else { nil } }.first
    }
}
