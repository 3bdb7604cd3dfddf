import Observations

/// Connections of either service.
struct ConnectionMetrics: Sendable {
    let open: Gauge<Component, Transport, AddressFamily>
    let accepted: Counter<Component, Transport, AddressFamily>
    let rejected: Counter<Component, RejectionReason>
    let closed: Counter<Component, CloseCause>
    let duration: Histogram<Component>
    let acceptErrors: Counter<AcceptFailure>
    let keepaliveRoundTrip: Histogram<Component>
    let limit: Gauge<Component>

    init(_ table: inout MetricLayout) {
        // The mailbox server speaks WebSocket alone.
        let isPossible = { (row: [String]) in row[0] != "mailbox" || row[1] == "ws" }
        open = table.gauge(
            "wormhole_connections",
            "Connections that are open.",
            unit: .connections,
            .stable,
            labels: Component.self,
            Transport.self,
            AddressFamily.self,
            shown: isPossible
        )
        accepted = table.counter(
            "wormhole_connections_accepted_total",
            "Connections let in.",
            unit: .connections,
            .stable,
            labels: Component.self,
            Transport.self,
            AddressFamily.self,
            shown: isPossible
        )
        rejected = table.counter(
            "wormhole_connections_rejected_total",
            "Connections refused before they became one.",
            unit: .connections,
            .stable,
            labels: Component.self,
            RejectionReason.self
        )
        closed = table.counter(
            "wormhole_connections_closed_total",
            "Connections that have ended, by cause.",
            unit: .connections,
            .stable,
            labels: Component.self,
            CloseCause.self
        )
        duration = table.histogram(
            "wormhole_connection_duration_seconds",
            "Life of a connection.",
            unit: .seconds,
            bounds: HistogramBounds.life,
            .stable,
            labels: Component.self
        )
        acceptErrors = table.counter(
            "wormhole_accept_errors_total",
            "Failures of accept(2).",
            unit: .errors,
            .stable,
            labels: AcceptFailure.self
        )
        keepaliveRoundTrip = table.histogram(
            "wormhole_keepalive_rtt_seconds",
            "Round trip of a WebSocket ping.",
            unit: .seconds,
            bounds: HistogramBounds.roundTrip,
            .stable,
            labels: Component.self
        )
        limit = table.gauge(
            "wormhole_connections_limit",
            "Connections that may be open at a time, 0 for any number.",
            unit: .connections,
            .stable,
            labels: Component.self
        )
    }
}
