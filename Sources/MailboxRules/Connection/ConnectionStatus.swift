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

    init(_ connection: ClientConnection) {
        side = connection.binding?.side
        state = connection.binding.map { $0.openMailbox == nil ? .bound : .listening } ?? .unbound
    }
}
