"""The first dashboard to look at: is it up, is it good enough, how much goes through it."""

from source.grafana import Color, Dashboard, Kind, Panel, Query, Row, Unit
from source.objectives import COMMAND_SECONDS, MAILBOX_ERROR_BUDGET, TRANSIT_ERROR_BUDGET
from source.shared import MOMENTS, quantiles

MAILBOX_FAILURES = """
    sum(increase(wormhole_mailbox_commands_total{outcome="server_error"}[30d]))
    / sum(increase(wormhole_mailbox_commands_total[30d]))
"""
TRANSIT_FAILURES = """
    sum(increase(wormhole_transit_session_ends_total{cause="server_error"}[30d]))
    / sum(increase(wormhole_transit_session_ends_total[30d]))
"""

NOW = Row("Now", [
    Panel(
        "State", "Where each process is in its life.", Unit.NONE,
        [Query("""
            sum by (instance) (
                1 * wormhole_server_state{state="starting"}
                or 2 * wormhole_server_state{state="ready"}
                or 3 * wormhole_server_state{state="draining"}
                or 4 * wormhole_server_state{state="stopping"}
            )
        """, "{{instance}}")],
        kind=Kind.STATES, width=12, height=5,
        mappings={
            1: ("starting", Color.BLUE), 2: ("ready", Color.GREEN),
            3: ("draining", Color.YELLOW), 4: ("stopping", Color.ORANGE),
        },
    ),
    Panel(
        "Ready checks", "The checks behind /readyz, each as its worst instance has it. The usage database and the log"
        " descriptor are shown here, but the server stays ready without them.", Unit.NONE,
        [Query("min by (component) (wormhole_component_ready)", "{{component}}")],
        kind=Kind.STATES, width=12, height=5,
        mappings={0: ("not ready", Color.RED), 1: ("ready", Color.GREEN)},
    ),
    Panel(
        "Firing alerts", "Alerts of these instances that fire now, by name. WormholeAbsent belongs to no instance and is"
        " not counted.", Unit.COUNT,
        [Query("""
            count by (alertname) (ALERTS{alertstate="firing"})
            or label_replace(0 * count(process_start_time_seconds), "alertname", "none", "", "")
        """, "{{alertname}}")],
        kind=Kind.NUMBER, width=6, height=4, thresholds=[(1, Color.RED)],
    ),
    Panel(
        "Transfers", "Pairs being relayed now. A machine can be restarted without harm when this is 0.", Unit.COUNT,
        [Query("sum(wormhole_transit_active_sessions)")],
        kind=Kind.NUMBER, width=4, height=4,
    ),
    Panel(
        "Relayed", "Payload the relay forwards now, both directions together.", Unit.BYTES_PER_SECOND,
        [Query("sum(rate(wormhole_transit_relayed_bytes_total[$__rate_interval]))")],
        kind=Kind.NUMBER, width=4, height=4,
    ),
    Panel(
        "Wormholes in the last hour", "Mailboxes made for a code that both sides closed happily.", Unit.COUNT,
        [Query('sum(increase(wormhole_mailboxes_closed_total{result="happy", for_nameplate="true"}[1h]))')],
        kind=Kind.NUMBER, width=5, height=4, decimals=0,
    ),
    Panel(
        "Two-digit codes in use", "Share of the 90 nameplates of two digits that are taken. Beyond, codes get longer.",
        Unit.RATIO, [Query('max(wormhole_nameplate_space_used_ratio{digits="2"})')],
        kind=Kind.NUMBER, width=5, height=4, thresholds=[(0.5, Color.YELLOW), (0.8, Color.RED)],
    ),
])

OBJECTIVES = Row("Objectives", [
    Panel(
        "Mailbox availability", "Commands of the last 30 days that did not fail through the server's own fault."
        " The objective is 99.9 %.", Unit.RATIO, [Query(f"1 - ({MAILBOX_FAILURES})")],
        kind=Kind.NUMBER, width=6, height=4, decimals=3, base_color=Color.RED,
        thresholds=[(1 - MAILBOX_ERROR_BUDGET, Color.GREEN)],
    ),
    Panel(
        "Mailbox error budget left", "Share of the failures that the objective allows in 30 days and that have not"
        " happened. Below 0 the objective is missed.", Unit.RATIO,
        [Query(f"1 - ({MAILBOX_FAILURES}) / {MAILBOX_ERROR_BUDGET}")],
        kind=Kind.NUMBER, width=6, height=4, decimals=1, base_color=Color.RED,
        thresholds=[(0, Color.YELLOW), (0.5, Color.GREEN)],
    ),
    Panel(
        "Transit availability", "Relayed pairs of the last 30 days that the server did not end through its own fault."
        " The objective is 99.5 %.", Unit.RATIO, [Query(f"1 - ({TRANSIT_FAILURES})")],
        kind=Kind.NUMBER, width=6, height=4, decimals=3, base_color=Color.RED,
        thresholds=[(1 - TRANSIT_ERROR_BUDGET, Color.GREEN)],
    ),
    Panel(
        "Transit error budget left", "Share of the failures that the objective allows in 30 days and that have not"
        " happened. Below 0 the objective is missed.", Unit.RATIO,
        [Query(f"1 - ({TRANSIT_FAILURES}) / {TRANSIT_ERROR_BUDGET}")],
        kind=Kind.NUMBER, width=6, height=4, decimals=1, base_color=Color.RED,
        thresholds=[(0, Color.YELLOW), (0.5, Color.GREEN)],
    ),
    Panel(
        "Command latency", "From receipt of a mailbox command to its reply being queued. The objective for the 99th"
        " percentile is 250 ms.", Unit.SECONDS, quantiles("wormhole_mailbox_command_duration_seconds"),
        width=12, thresholds=[(COMMAND_SECONDS, Color.RED)],
    ),
    Panel(
        "Canary success", "Share of the server's own trial wormholes, through its public listeners, that succeeded in the"
        " quarter of an hour before each moment.", Unit.RATIO,
        [Query("""
            sum by (probe) (increase(wormhole_selftest_runs_total{result="success"}[15m]))
            / sum by (probe) (increase(wormhole_selftest_runs_total[15m]))
        """, "{{probe}}")],
        width=6, maximum=1,
    ),
    Panel(
        "Canary time", "How long the server's own trial wormholes took in the quarter of an hour before each moment:"
        " latency with no client in the way.", Unit.SECONDS,
        [Query("""
            histogram_quantile(0.9, sum by (le, probe) (increase(wormhole_selftest_duration_seconds_bucket[15m])))
        """, "p90 {{probe}}")],
        width=6,
    ),
])

TRAFFIC = Row("Traffic", [
    Panel(
        "Connections", "Open connections by service and transport, and the most there may be.", Unit.COUNT,
        [
            Query("sum by (component, transport) (wormhole_connections)", "{{component}} {{transport}}"),
            Query("sum by (component) (wormhole_connections_limit > 0)", "{{component}} limit", is_limit=True),
        ],
        width=12,
    ),
    Panel(
        "IPv6 share", "Share of the new connections that came over IPv6.", Unit.RATIO,
        [Query("""
            sum by (component) (rate(wormhole_connections_accepted_total{ip_family="ipv6"}[$__rate_interval]))
            / sum by (component) (rate(wormhole_connections_accepted_total[$__rate_interval]))
        """, "{{component}}")],
        width=12, maximum=1,
    ),
    Panel(
        "Accepted and rejected", "Connections let in and connections turned away.", Unit.PER_SECOND,
        [
            Query("sum by (component) (rate(wormhole_connections_accepted_total[$__rate_interval]))",
                  "{{component}} accepted"),
            Query("sum by (component) (rate(wormhole_connections_rejected_total[$__rate_interval]))",
                  "{{component}} rejected"),
        ],
        width=12,
    ),
    Panel(
        "Relayed bytes", "Payload forwarded, both directions together, and the rate of all pairs if one is set.",
        Unit.BYTES_PER_SECOND,
        [
            Query("sum(rate(wormhole_transit_relayed_bytes_total[$__rate_interval]))", "relayed"),
            Query('sum(wormhole_transit_rate_limit_bytes_per_second{scope="global"} > 0)', "limit", is_limit=True),
        ],
        width=12,
    ),
])

OUTCOMES = Row("Outcomes", [
    Panel(
        "Mailboxes by result", "Mailboxes that are gone, by the worst mood of their clients. Scary: a wrong code was"
        " tried.", Unit.PER_SECOND,
        [Query("sum by (result) (rate(wormhole_mailboxes_closed_total[$__rate_interval]))", "{{result}}")],
        is_stacked=True,
    ),
    Panel(
        "Transit by mood", "Finished records of the relay. Redundant: the client had connected by another way.",
        Unit.PER_SECOND,
        [Query("sum by (mood) (rate(wormhole_transit_sessions_total[$__rate_interval]))", "{{mood}}")],
        is_stacked=True,
    ),
    Panel(
        "Codes by digits", "Nameplates handed out, by their length. Long ones mean that the short ones are taken.",
        Unit.PER_SECOND,
        [Query("sum by (digits) (rate(wormhole_nameplates_allocated_total[$__rate_interval]))", "{{digits}}")],
        is_stacked=True,
    ),
])

DASHBOARD = Dashboard(
    uid="wormhole-overview",
    title="Wormhole server: overview",
    description="Is it up, is it good enough, how much goes through it.",
    rows=[NOW, OBJECTIVES, TRAFFIC, OUTCOMES],
    annotations=MOMENTS,
)
