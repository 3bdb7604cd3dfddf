package import Admission
internal import LinuxIO
internal import TransitRules
package import WormholeWire

/// How the relay treats its clients. A duration of zero stands for ever.
package struct TransitConfiguration: Equatable, Sendable {
    /// Threads that move bytes between TCP clients; 0 means one per processor.
    package var workers = 0
    /// From the accept to a complete first line.
    package var handshakeTimeout = Duration.seconds(60)
    /// For a partner. Below ten minutes it breaks clients that connect before a person has decided.
    package var waitTimeout = Duration.zero
    /// A pair without a byte either way.
    package var idleTimeout = Duration.zero
    /// From pairing to the end. Longer pairs are ended in order.
    package var maximumSessionDuration = Duration.zero
    /// Payload of one pair, both ways together; zero for any. A pair that has moved as much is ended in order.
    package var maximumSessionBytes = 0
    /// A pair that has ended and whose remaining bytes nobody takes.
    package var stalledDrainTimeout = Duration.seconds(60)
    /// For a refused client to close.
    package var farewellTimeout = Duration.seconds(2)
    /// Open connections, all together; zero stands for any number, `nil` for four fifths of the descriptors the process may
    /// have. The rest is for files, pipes and the other services.
    package var connections: Int?
    /// Open connections of one source: an IPv4 address, or an IPv6 network of 64 bits. Zero stands for any number, here and
    /// below.
    package var connectionsPerSource = 128
    /// Connections that have not said their handshake yet, all together.
    package var handshakes = 1024
    /// The same of one source.
    package var handshakesPerSource = 32
    /// New connections a second, all together. Twice as many may come after a rest.
    package var connectionRate = 0
    /// The same of one source. Six times as many may come after a rest.
    package var connectionRatePerSource = 0
    /// Connections of one source that may wait with one token.
    package var waitingPerSourceAndToken = 8
    /// Whether what is said of one source goes for this machine, too. A proxy in front of the relay speaks for many.
    package var countsLoopbackSources = false
    /// Payload of one pair, both ways together, in bytes a second; zero for any. Twice as much may flow at once after a rest.
    package var sessionRate = 0
    /// The same of all pairs, in equal shares.
    package var globalRate = 0
    /// Pipes for bulk, of 256 KiB each, all workers together. The kernel grants an unprivileged user 64 MiB of pipes.
    package var pipes = 128
    /// For a connection to the WebSocket listener to become one.
    package var upgradeTimeout = Duration.seconds(10)
    /// What the server says when it is its own client, which leaves no records; `nil` when it never is.
    package var selfTestToken: TransitToken?
    /// The `Server` header of the WebSocket listener.
    package var serverName = "wormhole-server"

    package init() {}

    package var admission: AdmissionLimits {
        var limits = AdmissionLimits()
        limits.connections = connections ?? DescriptorLimit.current.map { max(1, $0 / 5 * 4) } ?? 0
        limits.connectionsPerSource = connectionsPerSource
        limits.handshakes = handshakes
        limits.handshakesPerSource = handshakesPerSource
        limits.connectionRate = connectionRate
        limits.connectionRatePerSource = connectionRatePerSource
        return limits
    }
}
