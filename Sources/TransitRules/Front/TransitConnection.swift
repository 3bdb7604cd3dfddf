internal import Admission
internal import Observations
internal import WormholeWire

/// One relay client, from its accept to the moment it has a partner or is gone.
///
///     handshaking ──hello──▶ waiting ──partner──▶ (relayed elsewhere)
///          │                    │
///          │ bad line           │ data too early
///          └──────▶ refused ◀───┘       the reply is out, input is thrown away
///
/// Any state may end in `gone`. Each life leaves exactly one usage record, or shares one with its partner; one that
/// was turned away leaves none.
struct TransitConnection: ~Copyable, Scheduled {
    /// Input thrown away behind a refusal, at most.
    static let discardLimit = 1 << 20

    let transport: Transport
    let accepted: Arrival
    /// Where it comes from; `nil` when it is not counted by source.
    let source: SourceID?
    /// It is the server itself, which wants no records of it.
    var isSelfTest = false
    var schedule = Schedule()
    private var state: State

    private enum State {
        case handshaking(HandshakeReader)  // may become waiting, refused, gone
        case waiting  // may become refused, gone
        case refused(discarded: Int)  // may become gone
        case gone
    }

    /// Where it stands, for the lists of those who wait for something.
    enum Phase: Equatable {
        case handshaking, waiting, refused, gone
    }

    init(transport: Transport, accepted: Arrival, source: SourceID?) {
        self.transport = transport
        self.accepted = accepted
        self.source = source
        state = .handshaking(HandshakeReader())
    }

    var phase: Phase {
        switch state {
        case .handshaking: .handshaking
        case .waiting: .waiting
        case .refused: .refused
        case .gone: .gone
        }
    }

    /// A handshake and what came right behind it.
    struct Hello {
        let handshake: TransitHandshake
        /// How many of the bytes just read are behind the line.
        let earlyCount: Int
    }

    /// Bytes of a TCP client have come.
    ///
    /// - Returns: The handshake, once. The caller then says what it met: ``beginWaiting(id:at:early:into:)`` or
    ///   ``joined()``.
    mutating func received(
        _ bytes: Span<UInt8>,
        id: SlotID,
        at now: Instant,
        into effects: inout [FrontEffect]
    ) -> Hello? {
        guard !bytes.isEmpty else { return nil }
        switch state {
        case .handshaking(var reader):
            state = .gone  // So that reading on does not copy what is held.
            let judged = reader.read(bytes)
            state = .handshaking(reader)
            guard let judged else { return nil }
            return self.judged(
                judged.verdict,
                earlyCount: bytes.count - judged.consumed,
                id: id,
                at: now,
                into: &effects
            )
        case .waiting:
            grewImpatient(id: id, at: now, into: &effects)
        case .refused(let discarded):
            let total = discarded + bytes.count
            state = .refused(discarded: total)
            if total >= Self.discardLimit { close(id, .protocolError, .normal, into: &effects) }
        case .gone:
            break  // Race: the close is under way.
        }
        return nil
    }

    /// The first line or message was judged.
    mutating func judged(
        _ verdict: HandshakeVerdict,
        earlyCount: Int,
        id: SlotID,
        at now: Instant,
        into effects: inout [FrontEffect]
    ) -> Hello? {
        precondition(phase == .handshaking, "judged twice")
        switch verdict {
        case .handshake(let handshake):
            return Hello(handshake: handshake, earlyCount: earlyCount)
        case .badLine:
            effects.append(.observe(.handshakeFinished(form: .invalid, result: .badLine)))
            refuse(.badHandshake, as: .errory, id: id, at: now, into: &effects)
        case .tooLong:
            effects.append(.observe(.handshakeFinished(form: .invalid, result: .tooLong)))
            record(.empty, at: now, into: &effects)
            close(id, .protocolError, .normal, into: &effects)
        }
        return nil
    }

    /// Nobody was there for it.
    ///
    /// - Parameter early: Whether it sent something behind its handshake.
    mutating func beginWaiting(id: SlotID, at now: Instant, early: Bool, into effects: inout [FrontEffect]) {
        state = .waiting
        effects.append(.wait(id))
        if early { grewImpatient(id: id, at: now, into: &effects) }
    }

    /// It has a partner, and belongs to whoever relays from now on.
    mutating func joined() {
        state = .gone
    }

    /// Too many of its source wait with its token already. Turned away: there is no record.
    mutating func turnedAway(id: SlotID, into effects: inout [FrontEffect]) {
        precondition(phase == .handshaking, "turned away too late")
        effects.append(.observe(.limitHit(.transitWaitingPerSource)))
        close(id, .limit, .normal, into: &effects)
    }

    /// It sent something before it had a partner.
    mutating func grewImpatient(id: SlotID, at now: Instant, into effects: inout [FrontEffect]) {
        precondition(phase == .waiting, "impatient without waiting")
        refuse(.impatient, as: .impatient, id: id, at: now, into: &effects)
    }

    /// A WebSocket client sent text.
    mutating func receivedText(id: SlotID, at now: Instant, into effects: inout [FrontEffect]) {
        switch phase {
        case .handshaking:
            effects.append(.observe(.handshakeFinished(form: .invalid, result: .badLine)))
            record(.errory, at: now, into: &effects)
            close(id, .protocolError, .unacceptableData, into: &effects)
        case .waiting:
            record(.lonely, at: now, into: &effects)
            close(id, .protocolError, .unacceptableData, into: &effects)
        case .refused, .gone:
            break  // Race: the close is under way.
        }
    }

    /// Another connection of the same side got the partner.
    mutating func superseded(id: SlotID, at now: Instant, into effects: inout [FrontEffect]) {
        precondition(phase == .waiting, "superseded without waiting")
        record(.redundant, at: now, into: &effects)
        // The partner went to its sibling, so to this one it is as if the partner had left.
        close(id, .peerClose, .normal, into: &effects)
    }

    /// It ends, for the given cause.
    mutating func end(
        _ cause: CloseCause,
        _ farewell: Farewell,
        id: SlotID,
        at now: Instant,
        into effects: inout [FrontEffect]
    ) {
        switch phase {
        case .handshaking:
            record(.empty, at: now, into: &effects)
            close(id, cause, farewell, into: &effects)
        case .waiting:
            record(.lonely, at: now, into: &effects)
            close(id, cause, farewell, into: &effects)
        case .refused:
            // Its record is written, and why it had to go does not change any more.
            close(id, .protocolError, farewell, into: &effects)
        case .gone:
            break  // Race: the close is under way.
        }
    }

    private mutating func refuse(
        _ reply: TransitReply,
        as mood: TransitMood,
        id: SlotID,
        at now: Instant,
        into effects: inout [FrontEffect]
    ) {
        record(mood, at: now, into: &effects)
        effects.append(.refuse(id, reply))
        switch transport {
        case .tcp: state = .refused(discarded: 0)
        case .webSocket: state = .gone  // The closing handshake is the transport's affair.
        }
    }

    private mutating func close(
        _ id: SlotID,
        _ cause: CloseCause,
        _ farewell: Farewell,
        into effects: inout [FrontEffect]
    ) {
        state = .gone
        effects.append(.close(id, cause, farewell))
    }

    private func record(_ mood: TransitMood, at now: Instant, into effects: inout [FrontEffect]) {
        let summary = TransitSummary(
            started: accepted.date,
            totalTime: now - accepted.instant,
            waitingTime: nil,
            totalBytes: 0,
            mood: mood,
            session: nil,
            isSelfTest: isSelfTest
        )
        effects.append(.observe(.transitEnded(summary)))
    }
}
