package import Observations
package import WormholeWire

/// What the rules want done. The shell carries effects out in order, after the transition has returned.
package enum Effect: Equatable, Sendable {
    /// Says something to one client.
    case send(ServerMessage, to: ConnectionID, after: Durability)
    /// Says one message to all its listeners; encoded once for all of them. Waits for the journal.
    case deliver(StoredMessage, to: [ConnectionID])
    /// Says what a mailbox holds to one client, oldest first, before anything that is said to it later. Waits for the journal, and
    /// may be encoded piece by piece, as the client takes it.
    case replay([StoredMessage], to: ConnectionID)
    /// Ends a connection once what was said before is on its way.
    case close(ConnectionID, CloseReason)
    /// Writes a change of the stored state down.
    case journal(Change)
    /// What is observed of the stored state is only so once it is committed.
    case observe(Observation, after: Durability = .immediate)
    /// A command is answered; how long that took is known once its reply may leave.
    case finish(MailboxCommand, CommandOutcome, of: ConnectionID, received: Timestamp, after: Durability)
    /// Takes no more commands from a client until ``resume(_:)``: its earlier ones are not answered yet.
    case pause(ConnectionID)
    case resume(ConnectionID)
}

/// What a message to a client must wait for.
package enum Durability: Equatable, Sendable {
    /// Promises nothing about the stored state.
    case immediate
    /// Leaves only after every change that stands before it among the effects is committed.
    case journaled
}

/// Why the rules end a connection.
package enum CloseReason: Equatable, Sendable {
    /// No successful `bind` in time.
    case bindTimeout
    /// No permission to bind, or a false one.
    case permissionDenied
    /// A promise could not be kept, because the storage failed; what the client was not told did not happen.
    case storageFailure
}
