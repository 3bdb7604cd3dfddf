internal import Observations
internal import TransitRules

/// Looking for state that should not exist, a little at a time.
extension FrontLoop {
    /// Connections looked at in one turn: a fraction of a millisecond.
    private static let connectionsPerTurn: UInt32 = 512
    /// Between two such turns, for the clients.
    static let auditPause = Duration.milliseconds(2)

    func proceedWithAudits() {
        guard !audits.isEmpty, !audits[0].audit.step(rules, limit: Self.connectionsPerTurn) else { return }
        let (audit, answer) = audits.removeFirst()
        answer.give(audit.findings + miscounts)
    }

    /// Whether the sockets that came are those that are here, are closed, or were handed on.
    private var miscounts: [InvariantFinding] {
        let counted = observations.openConnections(.transit, .tcp) - handedOn
        guard counted != clients.socketCount else { return [] }
        let text = "connections without a partner: counted \(counted), there are \(clients.socketCount)"
        return [InvariantFinding(.counterGauge, text)]
    }
}
