package import WormholeWire

/// What is known of a connection, for whoever looks at all of them.
package struct ConnectionStatus: Equatable, Sendable {
    package enum State: String, Equatable, Sendable {
        case unbound, bound
        /// It has a mailbox open.
        case listening
    }

    package let state: State
    package let side: Side?
    /// What the client said of its program when it bound.
    package let client: ClientVersion?

    init(_ connection: ClientConnection) {
        side = connection.binding?.side
        client = connection.binding?.client
        state = connection.binding.map { $0.openMailbox == nil ? .bound : .listening } ?? .unbound
    }
}
