/// What start-up lines call the listeners, kept because the listeners themselves go to the services.
struct ListenerNames: Equatable, Sendable {
    var transit: [String] = []
    var transitWebSocket: [String] = []
    /// The first WebSocket listener's; `nil` also for a Unix socket.
    var transitWebSocketPort: Int?
    var admin: String?
}
