package import Observations

/// Who is in, counted by source: decides who may still come.
///
///     (outside) ──admit──▶ unfinished ──handshakeEnded──▶ in ──left──▶ (outside)
///                              └────────────left───────────────────────▲
///
/// Never holds more entries than there are open connections: a source is forgotten with its last one.
package struct AdmissionTable: ~Copyable {
    package var limits: AdmissionLimits
    /// Nobody new is let in for now.
    package var isDraining = false
    private var all = Counts()
    private var bySource: [SourceID: Counts] = [:]

    private struct Counts {
        var connections = 0
        var handshakes = 0
    }

    package init(limits: AdmissionLimits) {
        self.limits = limits
    }

    /// A connection asks to come in.
    ///
    /// - Parameter source: `nil` for one that only the limits for all apply to.
    /// - Returns: Why it may not; `nil` when it is in.
    package mutating func admit(_ source: SourceID?) -> RejectionReason? {
        if isDraining { return .draining }
        if Self.isFull(all.connections, limits.connections) || Self.isFull(all.handshakes, limits.handshakes) {
            return .globalLimit
        }
        if let source {
            let counts = bySource[source] ?? Counts()
            if Self.isFull(counts.connections, limits.connectionsPerSource)
                || Self.isFull(counts.handshakes, limits.handshakesPerSource)
            {
                return .sourceLimit
            }
            bySource[source] = Counts(connections: counts.connections + 1, handshakes: counts.handshakes + 1)
        }
        all.connections += 1
        all.handshakes += 1
        return nil
    }

    /// Its handshake was judged, whatever came of it.
    package mutating func handshakeEnded(_ source: SourceID?) {
        all.handshakes -= 1
        if let source { bySource[source]?.handshakes -= 1 }
    }

    /// It is closed.
    ///
    /// - Parameter isUnfinished: Whether its handshake never ended.
    package mutating func left(_ source: SourceID?, isUnfinished: Bool) {
        if isUnfinished { handshakeEnded(source) }
        all.connections -= 1
        guard let source, let counts = bySource[source] else { return }
        if counts.connections == 1 { bySource[source] = nil } else { bySource[source]?.connections -= 1 }
    }

    /// Open connections, all together.
    package var connectionCount: Int { all.connections }
    /// Those of them that have not said their handshake.
    package var handshakeCount: Int { all.handshakes }
    /// Sources that have a connection.
    package var sourceCount: Int { bySource.count }

    private static func isFull(_ count: Int, _ limit: Int) -> Bool { limit > 0 && count >= limit }
}
