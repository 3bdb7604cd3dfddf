import Observations
import TransitRules
import WormholeWire

/// A front with a clock that is moved by hand, driven in words.
final class FrontDriver {
    var front: RelayFront
    var now = Instant(nanoseconds: 1_000_000_000)
    private(set) var effects: [FrontEffect] = []

    init(
        handshake: Duration = .seconds(60),
        wait: Duration = .zero,
        farewell: Duration = .seconds(2),
        selfTestToken: TransitToken? = nil
    ) {
        var timeouts = FrontTimeouts()
        timeouts.handshake = handshake
        timeouts.wait = wait
        timeouts.farewell = farewell
        front = RelayFront(timeouts: timeouts, selfTestToken: selfTestToken)
    }

    static func arrival(at instant: Instant) -> Arrival {
        Arrival(date: Timestamp(microseconds: instant.nanoseconds / 1000), instant: instant)
    }

    func admit(_ transport: Transport = .tcp) -> SlotID {
        front.admit(transport, accepted: Self.arrival(at: now), at: now)
    }

    func admit(saying text: String) -> SlotID {
        let id = admit()
        receive(text, from: id)
        return id
    }

    func receive(_ text: String, from id: SlotID) {
        receive(Array(text.utf8), from: id)
    }

    func receive(_ bytes: [UInt8], from id: SlotID) {
        front.received(bytes.span, from: id, at: now, into: &effects)
    }

    func judge(_ verdict: HandshakeVerdict, from id: SlotID) {
        front.judged(verdict, from: id, at: now, into: &effects)
    }

    func message(from id: SlotID) { front.receivedMessage(from: id, at: now, into: &effects) }
    func text(from id: SlotID) { front.receivedText(from: id, at: now, into: &effects) }
    func end(_ id: SlotID, _ cause: CloseCause = .clientClose) {
        front.ended(id, cause: cause, at: now, into: &effects)
    }
    func stop() { front.stop(at: now, into: &effects) }

    func pass(_ duration: Duration) {
        now = now + duration
        front.expire(at: now, into: &effects)
    }

    /// What the check that runs in the background says of it.
    var findings: [InvariantFinding] {
        var audit = FrontAudit(of: front)
        while audit.step(front, limit: 3) {}
        return audit.findings
    }

    func isKnown(_ id: SlotID) -> Bool { front.contains(id) }

    /// What was wanted since the last call.
    func takeEffects() -> [FrontEffect] {
        defer { effects = [] }
        return effects
    }

    /// The moods recorded since the last call; everything else is dropped.
    func takeMoods() -> [TransitMood] { takeEffects().moods }
}

extension [FrontEffect] {
    var moods: [TransitMood] {
        compactMap { if case .observe(.transitEnded(let summary)) = $0 { summary.mood } else { nil } }
    }

    var junctions: [Junction] {
        compactMap { if case .join(let junction) = $0 { junction } else { nil } }
    }

    /// Without what is only reported.
    var actions: [FrontEffect] {
        filter { effect in
            switch effect {
            case .observe, .wait: false
            case .refuse, .close, .join: true
            }
        }
    }
}

/// Lines clients say.
enum Line {
    static func legacy(_ token: Character = "a") -> String { "please relay \(String(repeating: token, count: 64))\n" }

    static func sided(_ token: Character, _ side: Character) -> String {
        "please relay \(String(repeating: token, count: 64)) for side \(String(repeating: side, count: 16))\n"
    }

    static func handshake(_ token: Character, _ side: Character?) -> TransitHandshake {
        let line = side.map { sided(token, $0) } ?? legacy(token)
        guard let handshake = TransitHandshake(line: Array(line.utf8.dropLast()).span) else {
            preconditionFailure("a line of ours is no handshake")
        }
        return handshake
    }
}
