import Admission
import MailboxRules
import NIOCore
import Observations

/// What an operator does while the server runs. Not to be called while, or after, the server stops.
extension MailboxServer {
    /// Changes what can be changed while the server runs: the welcome and the limits. Those who are in stay, and sizes and times of
    /// the WebSocket listener are those of the start.
    package func reconfigure(_ change: @escaping @Sendable (inout MailboxConfiguration) -> Void) async {
        _ = await onLoop { $0.reconfigure(change) }
    }

    /// Lets nobody new in, or lets clients in again.
    package func setDraining(_ isDraining: Bool) async {
        _ = await onLoop { $0.isDraining = isDraining }
    }

    /// Tells every client to go away.
    package func endAll() async {
        _ = await onLoop { mailbox in
            for client in Array(mailbox.clients.values) { client.goAway() }
        }
    }

    /// Tells one client to go away.
    ///
    /// - Returns: Whether it was there.
    package func end(_ id: UInt64) async -> Bool {
        await onLoop { mailbox in
            guard let client = mailbox.clients[ConnectionID(id)] else { return false }
            client.goAway()
            return true
        } ?? false
    }
}

extension MailboxLoop {
    fileprivate func reconfigure(_ change: (inout MailboxConfiguration) -> Void) {
        change(&configuration)
        doorkeeper.change(configuration.admission)
        rendezvous.welcome = configuration.welcome
        rendezvous.limits = configuration.limits
        rendezvous.store.limits = configuration.limits
        rescheduleBindTimer()
        reportCapacity()
        scheduleTurnEnd()
    }

    func reportCapacity() {
        source.append(
            .mailboxCapacityChanged(
                connections: configuration.maximumConnections,
                storedBytes: configuration.limits.storedBytes
            )
        )
    }
}
