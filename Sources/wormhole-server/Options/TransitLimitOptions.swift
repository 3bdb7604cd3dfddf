import Appliance
import ArgumentParser

/// What clients of the relay may make it hold, and for how long; 0 means unlimited.
///
/// A source is an IPv4 address or an IPv6 network of 64 bits. Limits per source leave out this machine and Unix sockets,
/// because a proxy in front of the relay speaks for all its clients.
struct TransitLimitOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: ArgumentHelp("From connecting to a handshake.", valueName: "seconds"))
    var handshakeTimeout = TransitLimitSettings().handshakeSeconds

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "For a partner; below 600, clients that wait for a person break (default: 86400; 'transit': 0).",
            valueName: "seconds"
        )
    )
    var waitTimeout: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("A pair without a byte either way (default: 1800; 'transit': 0).", valueName: "seconds")
    )
    var idleTimeout: Double?

    @Option(parsing: .unconditional, help: ArgumentHelp("A pair, from its beginning.", valueName: "seconds"))
    var maxSessionDuration = TransitLimitSettings().sessionSeconds

    @Option(parsing: .unconditional, help: ArgumentHelp("Payload of a pair, both ways together.", valueName: "bytes"))
    var maxSessionBytes = TransitLimitSettings().sessionBytes

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("A pair that has ended and whose last bytes nobody takes.", valueName: "seconds")
    )
    var stalledDrainTimeout = TransitLimitSettings().stalledDrainSeconds

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Open connections of the relay (default: four fifths of the descriptors).",
            valueName: "number"
        )
    )
    var maxRelayConnections: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The same of one IPv4 address or IPv6 /64; like all limits per source not for this host and Unix sockets.",
            valueName: "number"
        )
    )
    var maxRelayConnectionsPerSource = TransitLimitSettings().connectionsPerSource

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Connections that have not said their handshake.", valueName: "number")
    )
    var maxRelayHandshakes = TransitLimitSettings().handshakes

    @Option(parsing: .unconditional, help: ArgumentHelp("The same of one source.", valueName: "number"))
    var maxRelayHandshakesPerSource = TransitLimitSettings().handshakesPerSource

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "New connections in a second; twice as many after a rest (default: 500; 'transit': 0).",
            valueName: "number"
        )
    )
    var maxRelayConnectionRate: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The same of one source; six times as many after a rest (default: 10; 'transit': 0).",
            valueName: "number"
        )
    )
    var maxRelayConnectionRatePerSource: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Connections of one source that wait with one token.", valueName: "number")
    )
    var maxRelayWaitingPerSource = TransitLimitSettings().waitingPerSourceAndToken

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "How much of one pair flows in a second, both ways together; twice as much after a rest.",
            valueName: "bytes"
        )
    )
    var sessionRate = TransitLimitSettings().sessionRate

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The same of all pairs, in equal shares.", valueName: "bytes")
    )
    var globalRate = TransitLimitSettings().globalRate

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Pipes of 256 KiB for bulk, all pairs together; with 0 every byte is copied.",
            valueName: "number"
        )
    )
    var maxRelayPipes = TransitLimitSettings().pipes

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Threads that move bytes; with 0 one for each processor.", valueName: "number")
    )
    var relayWorkers = TransitLimitSettings().workers

    func validate() throws {
        let amounts = [
            ("--session-rate", sessionRate), ("--global-rate", globalRate), ("--max-session-bytes", maxSessionBytes),
        ]
        for (name, amount) in amounts where !(0...1 << 50).contains(amount) {
            throw ValidationError("\(name) takes 0 to \(1 << 50), not \(amount)")
        }
        let durations = [
            ("--handshake-timeout", handshakeTimeout), ("--wait-timeout", waitTimeout ?? 0),
            ("--idle-timeout", idleTimeout ?? 0), ("--max-session-duration", maxSessionDuration),
            ("--stalled-drain-timeout", stalledDrainTimeout),
        ]
        for (name, seconds) in durations where !(0...31_536_000).contains(seconds) {
            throw ValidationError("\(name) takes 0 to 31536000 seconds, not \(seconds)")
        }
        let counts = [
            ("--max-relay-connections", maxRelayConnections ?? 0),
            ("--max-relay-connections-per-source", maxRelayConnectionsPerSource),
            ("--max-relay-handshakes", maxRelayHandshakes),
            ("--max-relay-handshakes-per-source", maxRelayHandshakesPerSource),
            ("--max-relay-connection-rate", maxRelayConnectionRate ?? 0),
            ("--max-relay-connection-rate-per-source", maxRelayConnectionRatePerSource ?? 0),
            ("--max-relay-waiting-per-source", maxRelayWaitingPerSource), ("--max-relay-pipes", maxRelayPipes),
        ]
        guard (0...1024).contains(relayWorkers) else {
            throw ValidationError("--relay-workers takes 0 to 1024, not \(relayWorkers)")
        }
        for (name, count) in counts where !(0...1 << 30).contains(count) {
            throw ValidationError("\(name) takes 0 to \(1 << 30), not \(count)")
        }
    }

    /// - Parameter standard: Where the commands differ, what holds unless something else is said.
    func settings(standard: TransitLimitSettings) -> TransitLimitSettings {
        var settings = standard
        settings.handshakeSeconds = handshakeTimeout
        settings.waitSeconds = waitTimeout ?? standard.waitSeconds
        settings.idleSeconds = idleTimeout ?? standard.idleSeconds
        settings.sessionSeconds = maxSessionDuration
        settings.sessionBytes = maxSessionBytes
        settings.stalledDrainSeconds = stalledDrainTimeout
        settings.connections = maxRelayConnections
        settings.connectionsPerSource = maxRelayConnectionsPerSource
        settings.handshakes = maxRelayHandshakes
        settings.handshakesPerSource = maxRelayHandshakesPerSource
        settings.connectionRate = maxRelayConnectionRate ?? standard.connectionRate
        settings.connectionRatePerSource = maxRelayConnectionRatePerSource ?? standard.connectionRatePerSource
        settings.waitingPerSourceAndToken = maxRelayWaitingPerSource
        settings.sessionRate = sessionRate
        settings.globalRate = globalRate
        settings.pipes = maxRelayPipes
        settings.workers = relayWorkers
        return settings
    }
}
