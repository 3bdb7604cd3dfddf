/// A connection of the front at one moment.
package struct FrontConnection: Equatable, Sendable {
    package enum State: String, Equatable, Sendable {
        case handshaking, waiting, refused
    }

    package let id: SlotID
    package let state: State
    package let accepted: Instant
}

extension RelayFront {
    /// Every connection, in no particular order.
    package func overview() -> [FrontConnection] {
        connections.indices.compactMap { index in
            let state: FrontConnection.State
            switch connections[index].phase {
            case .handshaking: state = .handshaking
            case .waiting: state = .waiting
            case .refused: state = .refused
            case .gone: return nil
            }
            return FrontConnection(
                id: connections.id(at: index),
                state: state,
                accepted: connections[index].accepted.instant
            )
        }
    }
}
