import MailboxRules
import NIOCore
import Observations
import WormholeWire

/// Collects what has happened to connections, for a channel database of version 2, which has tables for it.
///
/// Written every few seconds, beside what clients wait for. When more happens in between than is kept, commands are left out.
struct ConnectionJournal {
    /// A command of one connection.
    struct Command {
        let connection: UInt64
        let when: Timestamp
        let name: MailboxCommand
    }

    static let interval = TimeAmount.seconds(5)
    private static let maximumCommands = 20_000

    private var changed: Set<ConnectionID> = []
    private var ended: [ConnectionID] = []
    private var commands: [Command] = []
    /// Whether the tables are to be emptied first.
    private var beginsAgain = false
    var timer: Scheduled<Void>?

    mutating func opened(_ id: ConnectionID) {
        changed.insert(id)
    }

    mutating func noted(_ command: MailboxCommand, of id: ConnectionID, at now: Timestamp) {
        changed.insert(id)
        guard commands.count < Self.maximumCommands else { return }
        commands.append(Command(connection: id.number, when: now, name: command))
    }

    mutating func closed(_ id: ConnectionID) {
        changed.remove(id)
        ended.append(id)
    }

    func stop() {
        timer?.cancel()
    }

    /// Tells everything anew, because some of it could not be written; commands that were said before are left out.
    ///
    /// - Parameter connections: Those that are open.
    mutating func beginAgain(with connections: some Sequence<ConnectionID>) {
        changed = Set(connections)
        ended.removeAll()
        commands.removeAll()
        beginsAgain = true
    }

    /// Everything since the last time.
    ///
    /// - Parameter row: What there is to say of a connection; `nil` when it has ended.
    mutating func take(_ row: (ConnectionID) -> ConnectionRow?) -> ConnectionBatch? {
        guard !changed.isEmpty || !ended.isEmpty || beginsAgain else { return nil }
        let ended = Set(self.ended)
        let batch = ConnectionBatch(
            rows: changed.compactMap(row),
            commands: commands.filter { !ended.contains(ConnectionID($0.connection)) },
            ended: self.ended.map(\.number),
            beginsAgain: beginsAgain
        )
        beginsAgain = false
        changed.removeAll(keepingCapacity: true)
        commands.removeAll(keepingCapacity: true)
        self.ended.removeAll(keepingCapacity: true)
        return batch
    }
}

/// A row of the table `connections`.
struct ConnectionRow: Sendable {
    let id: UInt64
    let addressID: AddressID?
    let connected: Timestamp
    let active: Timestamp
    let side: String?
    let client: ClientVersion?
}

/// What is to be written at once.
struct ConnectionBatch: Sendable {
    let rows: [ConnectionRow]
    let commands: [ConnectionJournal.Command]
    let ended: [UInt64]
    /// Whether there is to be nothing else in the tables afterwards.
    let beginsAgain: Bool
}

extension ConnectionJournal.Command: Sendable {}
