internal import Admin
internal import Admission
internal import LinuxIO
internal import MailboxService
internal import TransitService

/// Every limit of a configuration by its name; which of them can change while the process runs, and how.
struct LimitTable {
    /// One limit.
    private struct Entry {
        let name: String
        let unit: String
        let read: @Sendable (ApplianceConfiguration) -> Double?
        let write: @Sendable (inout ApplianceConfiguration, Int) -> Void
    }

    /// - Returns: The limits of the services that run.
    static func limits(of configuration: ApplianceConfiguration) -> [AdminLimit] {
        entries.compactMap { entry in
            entry.read(configuration).map { value in
                AdminLimit(entry.name, value, unit: entry.unit)
            }
        }
    }

    /// Changes limits: all or, when one is refused, none.
    ///
    /// - Throws: `AdminRefusal`, naming the first that there is not, or that cannot be what is asked for.
    static func change(
        _ limits: [String: Int],
        of configuration: inout ApplianceConfiguration
    ) throws(AdminRefusal) {
        var changed = configuration
        for (name, value) in limits.sorted(by: { $0.key < $1.key }) {
            guard let entry = entries.first(where: { $0.name == name }), entry.read(configuration) != nil else {
                throw AdminRefusal(.unacceptable, "there is no limit of this name: \(name.prefix(60))")
            }
            guard let maximum = AdminLimit.changeable[name] else {
                throw AdminRefusal(.unacceptable, "\(name) cannot be changed while the process runs")
            }
            guard (0...maximum).contains(value) else {
                throw AdminRefusal(.unacceptable, "\(name) is \(maximum) at most")
            }
            entry.write(&changed, value)
        }
        configuration = changed
    }

    private static let entries: [Entry] =
        [
            mailbox("max_message_size", "bytes", \.messageBytes),
            mailbox("max_mailbox_messages", "messages", \.messagesPerMailbox),
            mailbox("max_mailbox_bytes", "bytes", \.bytesPerMailbox),
            mailbox("max_stored_bytes", "bytes", \.storedBytes),
            mailbox("max_send_buffer", "bytes", \.sendBufferBytes),
            mailbox("bind_timeout", "seconds", \.bindSeconds),
            mailbox("max_unfinished_upgrades", "connections", \.unfinishedUpgrades),
            mailbox("max_unfinished_upgrades_per_source", "connections", \.unfinishedUpgradesPerSource),
            mailbox("max_connections_per_source", "connections", \.connectionsPerSource),
            mailbox("connection_rate", "connections per second", \.connectionRate),
            mailbox("connection_rate_per_source", "connections per second", \.connectionRatePerSource),
            mailbox("command_rate", "commands per second", \.commandRate),
            mailbox("allocate_rate", "commands per minute", \.allocateRate),
            mailbox("claim_rate", "commands per minute", \.claimRate),
            mailbox("list_rate", "commands per minute", \.listRate),
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
        ]
        + [
            ("handshake_timeout", \.handshakeSeconds), ("wait_timeout", \.waitSeconds),
            ("idle_timeout", \.idleSeconds), ("stalled_drain_timeout", \.stalledDrainSeconds),
            ("max_session_duration", \.sessionSeconds),
        ].map(fixed)

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

    private static func fixed(_ name: String, _ path: any KeyPath<TransitLimitSettings, Double> & Sendable) -> Entry {
        Entry(
            name: name,
            unit: "seconds",
            read: { $0.transit?.limits[keyPath: path] },
            write: { _, _ in }
        )
    }
}
