internal import Admin
internal import Admission
internal import LinuxIO
internal import MailboxService
internal import TransitService

/// Every limit of a configuration by its name: how it is read and written. What may be changed is `AdminLimit`'s to say.
struct LimitTable {
    /// One limit.
    private struct Entry {
        let name: String
        let unit: String
        /// `nil` where the service does not run.
        let read: @Sendable (ApplianceConfiguration) -> Double?
        let write: @Sendable (inout ApplianceConfiguration, Int) -> Void
    }

    /// - Parameter origin: Where the value of a limit comes from.
    /// - Returns: The limits of the services that run.
    static func limits(
        of configuration: ApplianceConfiguration,
        origin: (String) -> AdminSetting.Origin
    ) -> [AdminLimit] {
        entries.compactMap { entry in
            entry.read(configuration).map { value in
                AdminLimit(entry.name, value, unit: entry.unit, origin(entry.name))
            }
        }
    }

    /// Whether a limit of this name is one of a service that runs.
    static func has(_ name: String, in configuration: ApplianceConfiguration) -> Bool {
        entries.contains { $0.name == name && $0.read(configuration) != nil }
    }

    /// Gives a limit a value; what is no limit of a service that runs changes nothing.
    static func set(_ name: String, to value: Int, in configuration: inout ApplianceConfiguration) {
        entries.first { $0.name == name }?.write(&configuration, value)
    }

    /// The names of all limits.
    static var names: [String] { entries.map(\.name).sorted() }

    private static let entries: [Entry] = ofMailbox + ofTransit

    private static let ofMailbox: [Entry] = [
        Entry(
            name: "max_message_size",
            unit: "bytes",
            read: { $0.mailboxService(testedAs: nil).map { Double($0.maximumMessageSize) } },
            write: { $0.mailbox?.limits.messageBytes = $1 }
        ),
        mailbox("max_mailbox_messages", "messages", \.messagesPerMailbox),
        mailbox("max_mailbox_bytes", "bytes", \.bytesPerMailbox),
        mailbox("max_stored_bytes", "bytes", \.storedBytes),
        mailbox("max_send_buffer", "bytes", \.sendBufferBytes),
        mailbox("bind_timeout", "seconds", \.bindSeconds),
        mailbox("max_unfinished_upgrades", "connections", \.unfinishedUpgrades),
        mailbox("max_unfinished_upgrades_per_source", "connections", \.unfinishedUpgradesPerSource),
        Entry(
            name: "max_connections",
            unit: "connections",
            read: { $0.mailboxService(testedAs: nil).map { Double($0.maximumConnections) } },
            write: {
                $0.mailbox?.limits.connections = $1
                // What the original calls it would come first.
                $0.mailbox?.webSocket.maximumConnections = 0
            }
        ),
        mailbox("max_connections_per_source", "connections", \.connectionsPerSource),
        mailbox("connection_rate", "connections per second", \.connectionRate),
        mailbox("connection_rate_per_source", "connections per second", \.connectionRatePerSource),
        mailbox("command_rate", "commands per second", \.commandRate),
        mailbox("allocate_rate", "commands per minute", \.allocateRate),
        mailbox("claim_rate", "commands per minute", \.claimRate),
        mailbox("list_rate", "commands per minute", \.listRate),
        mailbox("max_nameplates_per_source", "nameplates", \.nameplatesPerSource),
    ]

    private static let ofTransit: [Entry] = [
        Entry(
            name: "max_relay_connections",
            unit: "connections",
            read: { $0.transitService(testedAs: nil).map { Double($0.admission.connections) } },
            write: { $0.transit?.limits.connections = $1 }
        ),
        transit("max_relay_connections_per_source", "connections", \.connectionsPerSource),
        transit("max_relay_handshakes", "connections", \.handshakes),
        transit("max_relay_handshakes_per_source", "connections", \.handshakesPerSource),
        transit("max_relay_waiting_per_source", "connections", \.waitingPerSourceAndToken),
        transit("max_session_bytes", "bytes", \.sessionBytes),
        transit("max_relay_connection_rate", "connections per second", \.connectionRate),
        transit("max_relay_connection_rate_per_source", "connections per second", \.connectionRatePerSource),
        transit("session_rate", "bytes per second", \.sessionRate),
        transit("global_rate", "bytes per second", \.globalRate),
        transit("max_relay_pipes", "pipes", \.pipes),
        transit("handshake_timeout", \.handshakeSeconds),
        transit("wait_timeout", \.waitSeconds),
        transit("idle_timeout", \.idleSeconds),
        transit("stalled_drain_timeout", \.stalledDrainSeconds),
        transit("max_session_duration", \.sessionSeconds),
    ]

    private static func mailbox(
        _ name: String,
        _ unit: String,
        _ path: any WritableKeyPath<MailboxLimitSettings, Int> & Sendable
    ) -> Entry {
        Entry(
            name: name,
            unit: unit,
            read: { $0.mailbox.map { Double($0.limits[keyPath: path]) } },
            write: { $0.mailbox?.limits[keyPath: path] = $1 }
        )
    }

    private static func transit(
        _ name: String,
        _ unit: String,
        _ path: any WritableKeyPath<TransitLimitSettings, Int> & Sendable
    ) -> Entry {
        Entry(
            name: name,
            unit: unit,
            read: { $0.transit.map { Double($0.limits[keyPath: path]) } },
            write: { $0.transit?.limits[keyPath: path] = $1 }
        )
    }

    private static func transit(
        _ name: String,
        _ path: any WritableKeyPath<TransitLimitSettings, Double> & Sendable
    ) -> Entry {
        Entry(
            name: name,
            unit: "seconds",
            read: { $0.transit?.limits[keyPath: path] },
            write: { $0.transit?.limits[keyPath: path] = Double($1) }
        )
    }
}
