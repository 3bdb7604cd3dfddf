import MailboxRules
import NIOCore
import Observations

/// Looking for state that should not exist, a little at a time.
extension MailboxLoop {
    /// Entries looked at in one turn: a fraction of a millisecond.
    private static let entriesPerTurn = 256
    /// Between two such turns, for the clients.
    private static let pause = TimeAmount.milliseconds(2)

    /// - Returns: What was found.
    func audit() -> EventLoopFuture<[InvariantFinding]> {
        let promise = eventLoop.makePromise(of: [InvariantFinding].self)
        let count = source.openConnections(.mailbox, .webSocket)
        var findings: [InvariantFinding] = []
        if count != clients.count {
            let text = "connections of the mailbox server: counted \(count), there are \(clients.count)"
            findings.append(InvariantFinding(.counterGauge, text))
        }
        proceed(RendezvousAudit(of: rendezvous), after: findings, promise)
        return promise.futureResult
    }

    private func proceed(
        _ audit: RendezvousAudit,
        after findings: [InvariantFinding],
        _ promise: EventLoopPromise<[InvariantFinding]>
    ) {
        var audit = audit
        guard audit.step(rendezvous, limit: Self.entriesPerTurn) else {
            return promise.succeed(findings + audit.findings)
        }
        eventLoop.assumeIsolated().scheduleTask(in: Self.pause) { [unowned self, audit] in
            proceed(audit, after: findings, promise)
        }
    }
}
