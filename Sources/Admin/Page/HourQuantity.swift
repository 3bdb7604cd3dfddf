import Telemetry

/// What the page draws of the last hour.
enum HourQuantity: Int, CaseIterable, Sendable {
    case mailboxConnections, transitConnections, activeTransfers, waitingTransfers
    case relayedBytes, commands, messages, mailboxArrivals, transitArrivals, problems

    /// Counted up for ever, so that its rate is drawn; else it is a level.
    var isCounter: Bool {
        switch self {
        case .mailboxConnections, .transitConnections, .activeTransfers, .waitingTransfers: false
        case .relayedBytes, .commands, .messages, .mailboxArrivals, .transitArrivals, .problems: true
        }
    }

    /// The families it is the sum of, as they are shown: held back when privacy is strict.
    private var sources: [(family: String, label: String?)] {
        switch self {
        case .mailboxConnections: [("wormhole_connections", "mailbox")]
        case .transitConnections: [("wormhole_connections", "transit")]
        case .activeTransfers: [("wormhole_transit_active_sessions", nil)]
        case .waitingTransfers: [("wormhole_transit_waiting", nil)]
        case .relayedBytes: [("wormhole_transit_relayed_bytes_total", nil)]
        case .commands: [("wormhole_mailbox_commands_total", nil)]
        case .messages: [("wormhole_mailbox_messages_total", "received")]
        case .mailboxArrivals: [("wormhole_connections_accepted_total", "mailbox")]
        case .transitArrivals: [("wormhole_connections_accepted_total", "transit")]
        case .problems: [("wormhole_mailbox_errors_total", nil), ("wormhole_connections_rejected_total", nil)]
        }
    }

    func now(_ telemetry: Telemetry) -> Double {
        sources.reduce(0) { $0 + telemetry.total(of: $1.family, label: $1.label) }
    }
}
