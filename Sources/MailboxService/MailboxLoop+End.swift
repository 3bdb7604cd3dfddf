import NIOCore
import Observations

/// The end of the mailbox server.
extension MailboxLoop {
    /// Finishes what was promised, tells every client to go away, and closes the database.
    ///
    /// - Parameter closeTimeout: How long clients have to answer.
    func stop(closeTimeout: TimeAmount) -> EventLoopFuture<Void> {
        isStopping = true
        expiryTimer?.cancel()
        bindTimer?.cancel()
        connectionJournal?.stop()
        addressIDs?.stop()
        source.append(.readinessChanged(.mailbox, isReady: false))
        return journal.idle().assumeIsolated().flatMap { [self] in
            sayGoodbye(closeTimeout: closeTimeout)
        }.flatMap { [self] in
            journal.close()
        }.always { [self] _ in
            endPulse()
            source.flush()
            hasStopped = true
        }.nonisolated()
    }

    private func sayGoodbye(closeTimeout: TimeAmount) -> EventLoopFuture<Void> {
        let promise = eventLoop.makePromise(of: Void.self)
        allClosed = promise
        goodbyeTimer = eventLoop.assumeIsolated().scheduleTask(in: closeTimeout) { [unowned self] in
            for client in Array(clients.values) { client.abort() }
        }
        for client in Array(clients.values) { client.goAway() }
        if clients.isEmpty { clientsAreGone() }
        return promise.futureResult
    }

    func clientsAreGone() {
        goodbyeTimer?.cancel()
        allClosed?.succeed()
        allClosed = nil
    }
}
