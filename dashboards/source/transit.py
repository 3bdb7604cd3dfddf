"""The transit relay: pairing, sessions, bandwidth."""

from source.grafana import Dashboard, Panel, Query, Row, Unit
from source.shared import MOMENTS, heatmap, quantiles

# How many sides of pairs there were to read from; none when there were no pairs.
SIDES = "(2 * sum(avg_over_time(wormhole_transit_active_sessions[$__rate_interval])) > 0)"

PAIRING = Row("Pairing", [
    Panel(
        "Waiting", "Connections without a partner yet, and the distinct tokens among them.", Unit.COUNT,
        [
            Query("sum(wormhole_transit_waiting)", "connections"),
            Query("sum(wormhole_transit_waiting_tokens)", "tokens"),
        ],
    ),
    Panel(
        "Longest wait", "For how long the connection that came first has been waiting, 0 when none waits.", Unit.SECONDS,
        [Query("""
            max(
                time() - (wormhole_transit_oldest_waiting_timestamp_seconds > 0)
                or 0 * wormhole_transit_oldest_waiting_timestamp_seconds
            )
        """, "oldest")],
    ),
    Panel(
        "Handshakes by result", "First lines of connections: of scanners when they are invalid.", Unit.PER_SECOND,
        [Query("""
            sum by (form, result) (rate(wormhole_transit_handshakes_total[$__rate_interval]))
        """, "{{form}} {{result}}")],
        is_stacked=True,
    ),
    heatmap(
        "Wait for a partner", "From the first side of a pair to the second.", Unit.SECONDS,
        "wormhole_transit_pair_wait_seconds",
    ),
    Panel(
        "Pair set-up", "From the second handshake being complete to both clients being told: the server's own time.",
        Unit.SECONDS, quantiles("wormhole_transit_pair_setup_seconds"),
    ),
    Panel(
        "Same-network share", "Share of the pairs whose sides came from one client network: they could have connected"
        " directly.", Unit.RATIO,
        [Query("""
            sum(rate(wormhole_transit_same_source_sessions_total[$__rate_interval]))
            / sum(rate(wormhole_transit_session_ends_total[$__rate_interval]))
        """, "same network")],
        maximum=1,
    ),
])

SESSIONS = Row("Sessions", [
    Panel(
        "Active", "Pairs being relayed.", Unit.COUNT,
        [Query("sum by (instance) (wormhole_transit_active_sessions)", "{{instance}}")],
        is_stacked=True,
    ),
    Panel(
        "Ends by cause", "Why pairs ended. Only server_error is the server's own fault.", Unit.PER_SECOND,
        [Query("sum by (cause) (rate(wormhole_transit_session_ends_total[$__rate_interval]))", "{{cause}}")],
        is_stacked=True,
    ),
    Panel(
        "Records by mood", "Finished records in the words of the usage database.", Unit.PER_SECOND,
        [Query("sum by (mood) (rate(wormhole_transit_sessions_total[$__rate_interval]))", "{{mood}}")],
        is_stacked=True,
    ),
    heatmap("Size", "Bytes of a finished pair.", Unit.BYTES, "wormhole_transit_session_size_bytes"),
    heatmap("Duration", "From pairing to the end.", Unit.SECONDS, "wormhole_transit_session_duration_seconds"),
    heatmap(
        "Throughput", "Mean rate of a finished pair that moved more than 1 MB.", Unit.BYTES_PER_SECOND,
        "wormhole_transit_session_throughput_bytes_per_second",
    ),
])

BANDWIDTH = Row("Bandwidth", [
    Panel(
        "Bytes by path", "Payload forwarded, by the transports of the two sides, and the rate of all pairs if one is set.",
        Unit.BYTES_PER_SECOND,
        [
            Query("sum by (path) (rate(wormhole_transit_relayed_bytes_total[$__rate_interval]))", "{{path}}"),
            Query('sum(wormhole_transit_rate_limit_bytes_per_second{scope="global"} > 0)', "limit", is_limit=True),
        ],
        width=12, is_stacked=True,
    ),
    Panel(
        "Bytes a day", "Payload forwarded in the 24 hours before each bar, for 30 days.", Unit.BYTES,
        [Query("sum(increase(wormhole_transit_relayed_bytes_total[1d]))", "relayed")],
        width=12, bar_length="1d", time_from="30d",
    ),
    Panel(
        "Held back by a slow side", "Share of the pairs' time for which a side was not read because its partner was slow.",
        Unit.RATIO,
        [Query(f"""
            sum(rate(wormhole_transit_read_paused_seconds_total[$__rate_interval])) / {SIDES}
        """, "paused")],
        maximum=1,
    ),
    Panel(
        "Held back by our limits", "Share of the pairs' time for which a side was not read for the sake of a rate.",
        Unit.RATIO,
        [Query(f"""
            sum by (limit) (rate(wormhole_transit_throttled_seconds_total[$__rate_interval]))
            / on () group_left () {SIDES}
        """, "{{limit}}")],
        maximum=1,
    ),
    Panel(
        "Buffers", "Bytes in relay buffers, and the most there may be.", Unit.BYTES,
        [
            Query("sum(wormhole_transit_buffered_bytes)", "buffered"),
            Query("sum(wormhole_transit_buffer_limit_bytes > 0)", "limit", is_limit=True),
        ],
    ),
])

CONNECTIONS = Row("Connections", [
    Panel(
        "Why connections end", "Connections to the relay that have ended, by cause.", Unit.PER_SECOND,
        [Query("""
            sum by (cause) (rate(wormhole_connections_closed_total{component="transit"}[$__rate_interval]))
        """, "{{cause}}")],
        width=12, is_stacked=True,
    ),
    heatmap(
        "Life of a connection", "How long connections of both services lasted.", Unit.SECONDS,
        "wormhole_connection_duration_seconds", width=12,
    ),
])

DASHBOARD = Dashboard(
    uid="wormhole-transit",
    title="Wormhole server: transit",
    description="How the relay pairs its clients, what it forwards, and what holds it back.",
    rows=[PAIRING, SESSIONS, BANDWIDTH, CONNECTIONS],
    annotations=MOMENTS,
)
