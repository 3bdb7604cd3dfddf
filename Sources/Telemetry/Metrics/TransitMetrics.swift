import Observations
import WormholeWire

/// The transit relay: handshakes, waiting sides, pairs and their bytes.
struct TransitMetrics: Sendable {
    let handshakes: Counter<HandshakeForm, HandshakeResult>
    let waiting: Gauge<>
    let waitingTokens: Gauge<>
    let oldestWaiting: Gauge<>
    let activeSessions: Gauge<>
    let sessions: Counter<TransitMood>
    let sessionEnds: Counter<SessionEndCause>
    let relayedBytes: Counter<TransitPath>
    let sessionSize: Histogram<>
    let sessionDuration: Histogram<>
    let sessionThroughput: Histogram<>
    let pairWait: Histogram<>
    let pairSetup: Histogram<>
    let sameSource: Counter<>
    let readPaused: Counter<>
    let bufferedBytes: Gauge<>
    let bufferLimitBytes: Gauge<>
    let throttled: Counter<Throttling>
    let rateLimit: Gauge<RateScope>

    init(_ table: inout MetricLayout) {
        // A line that was understood is legacy or sided; one that was not, or never came, is neither.
        let isPossible = { (row: [String]) in (row[0] == "invalid") != (row[1] == "ok" || row[1] == "early_data") }
        handshakes = table.counter(
            "wormhole_transit_handshakes_total",
            "First lines of connections, by form and verdict.",
            unit: .handshakes,
            .stable,
            labels: HandshakeForm.self,
            HandshakeResult.self,
            shown: isPossible
        )
        waiting = table.gauge(
            "wormhole_transit_waiting",
            "Connections with a good handshake and no partner yet.",
            unit: .connections,
            .stable
        )
        waitingTokens = table.gauge(
            "wormhole_transit_waiting_tokens",
            "Distinct tokens among the waiting connections.",
            unit: .tokens,
            .stable
        )
        oldestWaiting = table.gauge(
            "wormhole_transit_oldest_waiting_timestamp_seconds",
            "When the connection that has waited longest came, 0 when none waits.",
            unit: .unixSeconds,
            .stable
        )
        activeSessions = table.gauge(
            "wormhole_transit_active_sessions",
            "Pairs being relayed.",
            unit: .sessions,
            .stable
        )
        sessions = table.counter(
            "wormhole_transit_sessions_total",
            "Finished records by mood.",
            unit: .records,
            .stable,
            labels: TransitMood.self
        )
        sessionEnds = table.counter(
            "wormhole_transit_session_ends_total",
            "Pairs that have ended, by cause.",
            unit: .sessions,
            .stable,
            labels: SessionEndCause.self
        )
        relayedBytes = table.counter(
            "wormhole_transit_relayed_bytes_total",
            "Payload forwarded in both directions, counted as it flows.",
            unit: .bytes,
            .stable,
            labels: TransitPath.self
        )
        sessionSize = table.histogram(
            "wormhole_transit_session_size_bytes",
            "Bytes of a finished pair.",
            unit: .bytes,
            bounds: HistogramBounds.size,
            .stable
        )
        sessionDuration = table.histogram(
            "wormhole_transit_session_duration_seconds",
            "From pairing to the end.",
            unit: .seconds,
            bounds: HistogramBounds.life,
            .stable
        )
        sessionThroughput = table.histogram(
            "wormhole_transit_session_throughput_bytes_per_second",
            "Mean rate of a finished pair of over 1 MB.",
            unit: .bytesPerSecond,
            bounds: HistogramBounds.rate,
            .stable
        )
        pairWait = table.histogram(
            "wormhole_transit_pair_wait_seconds",
            "From the first side of a pair to the second.",
            unit: .seconds,
            bounds: HistogramBounds.human,
            .stable
        )
        pairSetup = table.histogram(
            "wormhole_transit_pair_setup_seconds",
            "From the second handshake being complete to both clients being told.",
            unit: .seconds,
            bounds: HistogramBounds.fast,
            .stable
        )
        sameSource = table.counter(
            "wormhole_transit_same_source_sessions_total",
            "Pairs of which both sides came from one client network; this machine and Unix sockets are not counted.",
            unit: .sessions,
            .stable
        )
        readPaused = table.counter(
            "wormhole_transit_read_paused_seconds_total",
            "Time for which sources were not read because their partner was slow.",
            unit: .seconds,
            .stable
        )
        bufferedBytes = table.gauge(
            "wormhole_transit_buffered_bytes",
            "Bytes in relay buffers.",
            unit: .bytes,
            .stable
        )
        bufferLimitBytes = table.gauge(
            "wormhole_transit_buffer_limit_bytes",
            "Bytes that relay buffers can hold at most, 0 when connections are not limited.",
            unit: .bytes,
            .stable
        )
        throttled = table.counter(
            "wormhole_transit_throttled_seconds_total",
            "Time for which pairs waited for the sake of a rate.",
            unit: .seconds,
            .stable,
            labels: Throttling.self
        )
        rateLimit = table.gauge(
            "wormhole_transit_rate_limit_bytes_per_second",
            "The rates pairs are held to, 0 for none.",
            unit: .bytesPerSecond,
            .stable,
            labels: RateScope.self
        )
    }
}
