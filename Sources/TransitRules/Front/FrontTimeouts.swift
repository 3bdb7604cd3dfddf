/// How long the relay's front waits for its clients. Zero stands for ever.
package struct FrontTimeouts: Equatable, Sendable {
    /// From the accept to a complete first line. Without it, connections that say nothing would pile up.
    package var handshake: Duration = .seconds(60)
    /// For a partner. Off: clients may wait while a person makes up their mind.
    package var wait: Duration = .zero
    /// For a refused client to close, so that what it still sends does not destroy the reply on its way.
    package var farewell: Duration = .seconds(2)

    package init() {}
}
