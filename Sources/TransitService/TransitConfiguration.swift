/// How the relay treats its clients. A duration of zero stands for ever.
package struct TransitConfiguration: Sendable {
    /// Threads that move bytes between TCP clients; 0 means one per processor.
    package var workers = 0
    /// From the accept to a complete first line.
    package var handshakeTimeout = Duration.seconds(60)
    /// For a partner. Below ten minutes it breaks clients that connect before a person has decided.
    package var waitTimeout = Duration.zero
    /// A pair without a byte either way.
    package var idleTimeout = Duration.zero
    /// A pair that has ended and whose remaining bytes nobody takes.
    package var stalledDrainTimeout = Duration.seconds(60)
    /// For a refused client to close.
    package var farewellTimeout = Duration.seconds(2)
    /// Pipes for bulk, of 256 KiB each, all workers together. The kernel grants an unprivileged user 64 MiB of pipes.
    package var pipes = 128
    /// For a connection to the WebSocket listener to become one.
    package var upgradeTimeout = Duration.seconds(10)
    /// The `Server` header of the WebSocket listener.
    package var serverName = "wormhole-server"

    package init() {}
}
