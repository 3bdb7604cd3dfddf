package import Admission
package import Observations
package import WormholeWire

/// Every connection of the relay until it has a partner: the one owner of handshakes and of the pairing table.
///
/// The shell tells what happened and carries out the effects, in order, before it tells the next thing. A name is good
/// until an effect says that it is free; what is told about a name that is free changes nothing.
package struct RelayFront: ~Copyable {
    var connections = Slots<TransitConnection>(minimumCapacity: 64)
    var table: PairingTable
    private let selfTestToken: TransitToken?
    private var handshaking: DeadlineList
    private var waiting: DeadlineList
    private var refused: DeadlineList

    /// - Parameter waitingPerSourceAndToken: How many connections of one source may wait with one token. Zero stands for any
    ///   number.
    /// - Parameter selfTestToken: What the server says when it is its own client.
    package init(
        timeouts: FrontTimeouts = FrontTimeouts(),
        waitingPerSourceAndToken: Int = 0,
        selfTestToken: TransitToken? = nil
    ) {
        self.selfTestToken = selfTestToken
        table = PairingTable(waitingPerSource: waitingPerSourceAndToken)
        handshaking = DeadlineList(interval: timeouts.handshake)
        waiting = DeadlineList(interval: timeouts.wait)
        refused = DeadlineList(interval: timeouts.farewell)
    }

    // MARK: What happens to connections

    /// A connection was let in.
    ///
    /// - Parameters:
    ///   - arrival: When it was accepted; for a WebSocket client that is before its upgrade.
    ///   - source: Where it comes from; `nil` when it is not counted by source.
    package mutating func admit(
        _ transport: Transport,
        accepted arrival: Arrival,
        from source: SourceID? = nil,
        at now: Instant
    ) -> SlotID {
        let id = connections.insert(TransitConnection(transport: transport, accepted: arrival, source: source))
        handshaking.append(id.index, at: now, in: &connections)
        return id
    }

    /// Bytes of a TCP client have come, at least one.
    package mutating func received(
        _ bytes: Span<UInt8>,
        from id: SlotID,
        at now: Instant,
        into effects: inout [FrontEffect]
    ) {
        guard connections.contains(id) else { return }
        let before = connections[id.index].phase
        if let hello = connections[id.index].received(bytes, id: id, at: now, into: &effects) {
            let early = bytes.extracting(droppingFirst: bytes.count - hello.earlyCount)
            greet(id, hello.handshake, early: early.withUnsafeBufferPointer { Array($0) }, at: now, into: &effects)
        } else {
            file(id, from: before, at: now)
        }
    }

    /// The first message of a WebSocket client was judged.
    package mutating func judged(
        _ verdict: HandshakeVerdict,
        from id: SlotID,
        at now: Instant,
        into effects: inout [FrontEffect]
    ) {
        guard connections.contains(id), connections[id.index].phase == .handshaking else { return }
        if let hello = connections[id.index].judged(verdict, earlyCount: 0, id: id, at: now, into: &effects) {
            greet(id, hello.handshake, early: [], at: now, into: &effects)
        } else {
            file(id, from: .handshaking, at: now)
        }
    }

    /// A data message of a WebSocket client has come, although nobody told it of a partner. If one was found meanwhile,
    /// the name is free, and the message is payload.
    package mutating func receivedMessage(from id: SlotID, at now: Instant, into effects: inout [FrontEffect]) {
        guard connections.contains(id), connections[id.index].phase == .waiting else { return }
        connections[id.index].grewImpatient(id: id, at: now, into: &effects)
        file(id, from: .waiting, at: now)
    }

    /// A WebSocket client sent text.
    package mutating func receivedText(from id: SlotID, at now: Instant, into effects: inout [FrontEffect]) {
        guard connections.contains(id) else { return }
        let before = connections[id.index].phase
        connections[id.index].receivedText(id: id, at: now, into: &effects)
        file(id, from: before, at: now)
    }

    /// A client will send no more, or is gone.
    package mutating func ended(
        _ id: SlotID,
        cause: CloseCause,
        at now: Instant,
        into effects: inout [FrontEffect]
    ) {
        end(id, cause, .normal, at: now, into: &effects)
    }

    /// Puts other limits in force, for those who wait now as well.
    package mutating func change(_ timeouts: FrontTimeouts, waitingPerSourceAndToken: Int) {
        table.waitingPerSource = waitingPerSourceAndToken
        handshaking.change(interval: timeouts.handshake)
        waiting.change(interval: timeouts.wait)
        refused.change(interval: timeouts.farewell)
    }

    // MARK: Time

    /// When ``expire(at:into:)`` has something to do; `nil` for never.
    package var nextDeadline: Instant? {
        let first = handshaking.nextDeadline(in: connections)
        let second = waiting.nextDeadline(in: connections)
        let third = refused.nextDeadline(in: connections)
        return Instant.earlier(first, Instant.earlier(second, third))
    }

    /// Ends those who took too long.
    package mutating func expire(at now: Instant, into effects: inout [FrontEffect]) {
        while let index = handshaking.due(at: now, in: connections) {
            effects.append(.observe(.handshakeFinished(form: .invalid, result: .timeout)))
            effects.append(.observe(.limitHit(.transitHandshakeTimeout)))
            end(connections.id(at: index), .handshakeTimeout, .normal, at: now, into: &effects)
        }
        while let index = waiting.due(at: now, in: connections) {
            effects.append(.observe(.limitHit(.transitWaitTimeout)))
            end(connections.id(at: index), .limit, .normal, at: now, into: &effects)
        }
        while let index = refused.due(at: now, in: connections) {
            end(connections.id(at: index), .protocolError, .normal, at: now, into: &effects)
        }
    }

    /// The relay is shutting down: everyone without a partner ends.
    package mutating func stop(at now: Instant, into effects: inout [FrontEffect]) {
        for index in connections.indices {
            end(connections.id(at: index), .drain, .goingAway, at: now, into: &effects)
        }
    }

    // MARK: What there is

    /// Those who wait for a partner.
    package var levels: TransitWaitingLevels {
        TransitWaitingLevels(
            connections: table.connectionCount,
            tokens: table.tokenCount,
            oldest: waiting.longestWaiting.map { connections[$0].accepted.date }
        )
    }

    /// Whether a name is one of someone who is still here.
    package func contains(_ id: SlotID) -> Bool { connections.contains(id) }

    /// Connections that have a name.
    package var connectionCount: Int { connections.count }

    /// What is wrong, for tests; `nil` when nothing is.
    package var brokenInvariant: String? {
        var waitingCount = 0
        for index in connections.indices {
            let phase = connections[index].phase
            if phase == .gone { return "someone who is gone still has a name" }
            if phase == .waiting { waitingCount += 1 }
            if (phase == .waiting) != table.contains(connections.id(at: index)) {
                return "the pairing table disagrees about who waits"
            }
        }
        if waitingCount != table.connectionCount { return "the pairing table knows somebody unknown" }
        return table.brokenInvariant
    }

    // MARK: Steps

    /// Finds a partner for a handshake, or lets it wait.
    private mutating func greet(
        _ id: SlotID,
        _ handshake: TransitHandshake,
        early: [UInt8],
        at now: Instant,
        into effects: inout [FrontEffect]
    ) {
        let form: HandshakeForm = handshake.side == nil ? .legacy : .sided
        connections[id.index].isSelfTest = handshake.token == selfTestToken
        switch table.arrive(id, with: handshake, from: connections[id.index].source) {
        case .crowded:
            effects.append(.observe(.handshakeFinished(form: form, result: early.isEmpty ? .ok : .earlyData)))
            connections[id.index].turnedAway(id: id, into: &effects)
            file(id, from: .handshaking, at: now)
        case .nobody:
            let result: HandshakeResult = early.isEmpty ? .ok : .earlyData
            effects.append(.observe(.handshakeFinished(form: form, result: result)))
            connections[id.index].beginWaiting(id: id, at: now, early: !early.isEmpty, into: &effects)
            handshaking.remove(id.index, in: &connections)
            waiting.append(id.index, at: now, in: &connections)
            file(id, from: .waiting, at: now)
        case .partner(let partner, let redundant):
            effects.append(.observe(.handshakeFinished(form: form, result: .ok)))
            let record = PairRecord(
                first: connections[partner.index].accepted,
                second: connections[id.index].accepted,
                paired: now,
                isSameSource: connections[id.index].source.map { $0 == connections[partner.index].source } ?? false,
                isSelfTest: connections[id.index].isSelfTest
            )
            connections[partner.index].joined()
            connections[id.index].joined()
            waiting.remove(partner.index, in: &connections)
            handshaking.remove(id.index, in: &connections)
            _ = connections.remove(at: partner.index)
            _ = connections.remove(at: id.index)
            // Joined first: dropping the others must not delay two who have found each other.
            effects.append(.join(Junction(first: partner, second: id, early: early, record: record)))
            for other in redundant {
                connections[other.index].superseded(id: other, at: now, into: &effects)
                waiting.remove(other.index, in: &connections)
                _ = connections.remove(at: other.index)
            }
        }
    }

    private mutating func end(
        _ id: SlotID,
        _ cause: CloseCause,
        _ farewell: Farewell,
        at now: Instant,
        into effects: inout [FrontEffect]
    ) {
        guard connections.contains(id) else { return }
        let before = connections[id.index].phase
        connections[id.index].end(cause, farewell, id: id, at: now, into: &effects)
        file(id, from: before, at: now)
    }

    /// Moves a connection to the list of what it waits for now, and forgets it when it is gone.
    private mutating func file(_ id: SlotID, from before: TransitConnection.Phase, at now: Instant) {
        let after = connections[id.index].phase
        guard before != after else { return }
        switch before {
        case .handshaking:
            handshaking.remove(id.index, in: &connections)
        case .waiting:
            waiting.remove(id.index, in: &connections)
            table.leave(id)
        case .refused:
            refused.remove(id.index, in: &connections)
        case .gone:
            preconditionFailure("someone who was gone has come back")
        }
        switch after {
        case .refused: refused.append(id.index, at: now, in: &connections)
        case .gone: _ = connections.remove(at: id.index)
        case .handshaking, .waiting: preconditionFailure("only a handshake leads from \(before) to \(after)")
        }
    }
}
