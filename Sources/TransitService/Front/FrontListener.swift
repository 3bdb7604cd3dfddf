internal import LinuxIO

/// A socket the front accepts on. Confined to the front's thread.
final class FrontListener {
    let socket: ListeningSocket

    /// - Returns: `nil` when somebody else has taken it.
    init?(_ handover: Handover<ListeningSocket>) {
        guard let socket = handover.take() else { return nil }
        self.socket = socket
    }
}

@available(*, unavailable)
extension FrontListener: Sendable {}
