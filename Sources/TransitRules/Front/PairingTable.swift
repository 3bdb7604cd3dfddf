package import Admission
internal import Observations
package import WormholeWire

/// Who waits for whom.
///
///     token ──▶ newest ──▶ older ──▶ older         connections of one side only: others would have been joined
///
/// A step never fails half-way: it has changed everything or found nothing to change.
package struct PairingTable: ~Copyable {
    /// The newest of the connections that wait with a token.
    private var newest: [TransitToken: UInt32] = [:]
    /// The entry of each waiting connection, at the index of its name.
    private var entries: [Entry] = []
    /// How many of one source wait with one token, where sources are counted.
    private var crowds: [Crowd: Int] = [:]
    /// How many of one source may wait with one token; zero stands for any number. Those who wait uncounted stay so.
    var waitingPerSource: Int
    /// Connections that wait.
    package private(set) var connectionCount = 0

    private static let nobody = UInt32.max

    private struct Entry {
        let handshake: TransitHandshake
        let id: SlotID
        let source: SourceID?
        var older: UInt32
        var newer: UInt32
        var isPresent: Bool
    }

    /// What a newcomer meets.
    package enum Match: Equatable, Sendable {
        /// Nobody it could be joined with: it waits now.
        case nobody
        /// The most recent of those it can be joined with, for an older one is likelier to be dead without our knowing.
        /// The other connections of that one's side have lost. None of them waits any more.
        case partner(SlotID, redundant: [SlotID])
        /// Nobody, and too many of its source wait with its token already: it does not wait.
        case crowded
    }

    private struct Crowd: Hashable {
        let source: SourceID
        let token: TransitToken
    }

    /// - Parameter waitingPerSource: How many of one source may wait with one token; zero stands for any number.
    package init(waitingPerSource: Int = 0) {
        self.waitingPerSource = waitingPerSource
    }

    /// Distinct tokens that are waited with.
    package var tokenCount: Int { newest.count }

    /// A connection has said what it wants.
    ///
    /// - Parameter source: Where it comes from; `nil` when it is not counted by source.
    package mutating func arrive(
        _ id: SlotID,
        with handshake: TransitHandshake,
        from source: SourceID? = nil
    ) -> Match {
        guard let partner = newest[handshake.token] else {
            return wait(id, handshake, source, before: Self.nobody)
        }
        // All that wait with one token are of one side, or else there is a single one without a side.
        if let waitingSide = entries[Int(partner)].handshake.side, waitingSide == handshake.side {
            return wait(id, handshake, source, before: partner)
        }
        newest[handshake.token] = nil
        var redundant: [SlotID] = []
        var next = partner
        while next != Self.nobody {
            if next != partner { redundant.append(entries[Int(next)].id) }
            remove(next)
            next = entries[Int(next)].older
        }
        return .partner(entries[Int(partner)].id, redundant: redundant)
    }

    /// A connection that waits is no more to be had.
    package mutating func leave(_ id: SlotID) {
        precondition(contains(id), "leaving without having waited")
        let entry = entries[Int(id.index)]
        remove(id.index)
        if entry.older != Self.nobody { entries[Int(entry.older)].newer = entry.newer }
        if entry.newer != Self.nobody {
            entries[Int(entry.newer)].older = entry.older
        } else {
            newest[entry.handshake.token] = entry.older == Self.nobody ? nil : entry.older
        }
    }

    package func contains(_ id: SlotID) -> Bool {
        guard Int(id.index) < entries.count else { return false }
        return entries[Int(id.index)].isPresent && entries[Int(id.index)].id == id
    }

    private mutating func wait(
        _ id: SlotID,
        _ handshake: TransitHandshake,
        _ source: SourceID?,
        before older: UInt32
    ) -> Match {
        let source = waitingPerSource > 0 ? source : nil
        if let source {
            let crowd = Crowd(source: source, token: handshake.token)
            let count = crowds[crowd] ?? 0
            guard count < waitingPerSource else { return .crowded }
            crowds[crowd] = count + 1
        }
        insert(id, handshake, source, before: older)
        return .nobody
    }

    private mutating func remove(_ index: UInt32) {
        entries[Int(index)].isPresent = false
        connectionCount -= 1
        guard let source = entries[Int(index)].source else { return }
        let crowd = Crowd(source: source, token: entries[Int(index)].handshake.token)
        if let count = crowds[crowd], count > 1 { crowds[crowd] = count - 1 } else { crowds[crowd] = nil }
    }

    private mutating func insert(
        _ id: SlotID,
        _ handshake: TransitHandshake,
        _ source: SourceID?,
        before older: UInt32
    ) {
        let entry = Entry(
            handshake: handshake,
            id: id,
            source: source,
            older: older,
            newer: Self.nobody,
            isPresent: true
        )
        let index = Int(id.index)
        if index >= entries.count {
            // Places of connections that have not spoken yet.
            let filler = Entry(
                handshake: handshake,
                id: id,
                source: nil,
                older: Self.nobody,
                newer: Self.nobody,
                isPresent: false
            )
            entries.append(contentsOf: repeatElement(filler, count: index + 1 - entries.count))
        }
        precondition(!entries[index].isPresent, "waiting twice")
        entries[index] = entry
        if older != Self.nobody { entries[Int(older)].newer = id.index }
        newest[handshake.token] = id.index
        connectionCount += 1
    }

    /// Whether one that waits stands where its token leads: in front, or linked with its neighbours.
    func isLinked(at index: UInt32) -> Bool {
        let entry = entries[Int(index)]
        let isKnownToNewer =
            entry.newer == Self.nobody
            ? newest[entry.handshake.token] == index
            : entries[Int(entry.newer)].isPresent && entries[Int(entry.newer)].older == index
        let isKnownToOlder =
            entry.older == Self.nobody
            || entries[Int(entry.older)].isPresent && entries[Int(entry.older)].newer == index
        return isKnownToNewer && isKnownToOlder
    }

    /// Which of the running counts differ from what there is.
    var miscounts: [InvariantFinding] {
        let present = entries.lazy.filter(\.isPresent).count
        let tokens = entries.lazy.filter { $0.isPresent && $0.newer == Self.nobody }.count
        var findings: [InvariantFinding] = []
        if present != connectionCount {
            let text = "waiting connections: counted \(connectionCount), there are \(present)"
            findings.append(InvariantFinding(.counterGauge, text))
        }
        if tokens != tokenCount {
            findings.append(
                InvariantFinding(.transitPairs, "\(tokenCount) tokens lead to \(tokens) rows of connections")
            )
        }
        return findings
    }

    /// What is wrong with the table, for tests; `nil` when nothing is.
    package var brokenInvariant: String? {
        var reached = 0
        for (token, head) in newest {
            var index = head
            var newer = Self.nobody
            while index != Self.nobody {
                let entry = entries[Int(index)]
                reached += 1
                if !entry.isPresent { return "someone who left is still in a set" }
                if entry.handshake.token != token { return "a connection is in the set of another token" }
                if entry.newer != newer { return "the set's links disagree" }
                if entry.handshake.side != entries[Int(head)].handshake.side { return "two sides wait together" }
                if entry.handshake.side == nil, index != head || entry.older != Self.nobody {
                    return "a connection without a side waits in company"
                }
                newer = index
                index = entry.older
            }
        }
        let counted = entries.lazy.filter { $0.isPresent && $0.source != nil }.count
        if crowds.values.reduce(0, +) != counted { return "the crowds are miscounted" }
        if reached != connectionCount { return "\(reached) reachable of \(connectionCount) waiting" }
        if entries.lazy.filter(\.isPresent).count != connectionCount { return "the count is off" }
        return nil
    }
}
