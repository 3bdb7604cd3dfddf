/// What is known of a connection, for whoever looks at all of them.
package struct ConnectionStatus: Equatable, Sendable {
    package enum State: String, Equatable, Sendable {
        case unbound, bound
        /// It has a mailbox open.
        case listening
    }

    package let state: State

    init(_ connection: ClientConnection) {
        state = connection.binding.map { $0.openMailbox == nil ? .bound : .listening } ?? .unbound
    }
}

extension Rendezvous {
    /// - Returns: `nil` when there is no such connection.
    package func status(of id: ConnectionID) -> ConnectionStatus? {
        connections[id].map { ConnectionStatus($0) }
    }
}
