/// A limit in force. 0 stands for none.
package struct AdminLimit: Equatable, Sendable {
    /// The option's name, with underscores.
    package let name: String
    package let value: Double
    package let unit: String
    /// Where the value comes from.
    package let origin: AdminSetting.Origin

    package init(_ name: String, _ value: Double, unit: String, _ origin: AdminSetting.Origin) {
        self.name = name
        self.value = value
        self.unit = unit
        self.origin = origin
    }

    /// Whether it can be changed while the process runs.
    var isChangeable: Bool { Self.maximum(of: name) != nil }

    /// Whole numbers without a fraction.
    var json: JSONValue { value == value.rounded() && abs(value) < 1e15 ? .integer(Int(value)) : .number(value) }

    /// The largest value that a limit can be given while the process runs; `nil` for one that cannot be changed, or is none.
    package static func maximum(of name: String) -> Int? {
        guard case .upTo(let maximum)? = rules[name] else { return nil }
        return maximum
    }

    /// Why a limit cannot be changed while the process runs; `nil` for one that can, or is none.
    package static func obstacle(to name: String) -> String? {
        guard case .fixed(let reason)? = rules[name] else { return nil }
        return reason
    }

    /// The names of all limits of both services.
    package static var names: [String] { rules.keys.sorted() }

    // MARK: The table

    enum Rule: Equatable {
        /// Can be changed while the process runs, to at most this. In whole units, also where the command line takes fractions.
        case upTo(Int)
        /// Cannot, and why.
        case fixed(because: String)
    }

    static let rules: [String: Rule] = [
        "max_message_size": .fixed(because: ofListener), "max_unfinished_upgrades": .fixed(because: ofListener),
        "max_unfinished_upgrades_per_source": .fixed(because: ofListener),
        "max_mailbox_messages": .upTo(1 << 40), "max_mailbox_bytes": .upTo(1 << 40), "max_stored_bytes": .upTo(1 << 40),
        "max_send_buffer": .upTo(1 << 40), "bind_timeout": .upTo(year), "max_connections": .upTo(million),
        "max_connections_per_source": .upTo(million), "connection_rate": .upTo(million),
        "connection_rate_per_source": .upTo(million), "command_rate": .upTo(million), "allocate_rate": .upTo(million),
        "claim_rate": .upTo(million), "list_rate": .upTo(million), "max_nameplates_per_source": .upTo(million),

        "max_relay_connections": .upTo(1 << 30), "max_relay_connections_per_source": .upTo(1 << 30),
        "max_relay_handshakes": .upTo(1 << 30), "max_relay_handshakes_per_source": .upTo(1 << 30),
        "max_relay_waiting_per_source": .upTo(1 << 30), "max_relay_connection_rate": .upTo(1 << 30),
        "max_relay_connection_rate_per_source": .upTo(1 << 30), "max_session_bytes": .upTo(1 << 50),
        "session_rate": .upTo(1 << 50), "global_rate": .upTo(1 << 50), "handshake_timeout": .upTo(year),
        "wait_timeout": .upTo(year), "idle_timeout": .upTo(year), "stalled_drain_timeout": .upTo(year),
        "max_session_duration": .upTo(year),
        "max_relay_pipes": .fixed(because: "pipes are shared out among the relay's workers at the start"),
    ]

    private static let ofListener = "it is a property of the WebSocket listener, which is made at the start"
    private static let year = 31_536_000
    private static let million = 1_000_000
}

/// Limits to be put in force.
package struct AdminLimitChange: Equatable, Sendable {
    /// Values by name; `nil` for what the process was started with.
    package var values: [String: Int?]
    /// Whether all that are not named become what the process was started with.
    package var resetsOthers = false
    /// Whether it outlives the process, instead of ending with it.
    package var persists = false

    package init(_ values: [String: Int?], resetsOthers: Bool = false, persists: Bool = false) {
        self.values = values
        self.resetsOthers = resetsOthers
        self.persists = persists
    }
}
