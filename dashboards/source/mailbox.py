"""The mailbox server: commands, nameplates, messages, clients."""

from source.grafana import Color, Dashboard, Panel, Query, Row, Unit
from source.objectives import COMMAND_SECONDS
from source.shared import MOMENTS, heatmap, quantiles

COMMANDS = Row("Commands", [
    Panel(
        "Commands", "Commands of clients by name, counted when they finish.", Unit.PER_SECOND,
        [Query("sum by (command) (rate(wormhole_mailbox_commands_total[$__rate_interval]))", "{{command}}")],
        is_stacked=True,
    ),
    Panel(
        "Outcome", "Share of the commands by outcome. Limited: one of our limits said no; server_error: our own fault.",
        Unit.RATIO,
        [Query("""
            sum by (outcome) (rate(wormhole_mailbox_commands_total[$__rate_interval]))
            / ignoring (outcome) group_left sum(rate(wormhole_mailbox_commands_total[$__rate_interval]))
        """, "{{outcome}}")],
        is_stacked=True, maximum=1,
    ),
    Panel(
        "Errors", "Error replies by kind.", Unit.PER_SECOND,
        [Query("sum by (error) (rate(wormhole_mailbox_errors_total[$__rate_interval]))", "{{error}}")],
    ),
    heatmap(
        "Command duration", "From receipt of a command to its reply being queued.", Unit.SECONDS,
        "wormhole_mailbox_command_duration_seconds", width=12,
    ),
    Panel(
        "Command latency by class", "Control changes nothing that is stored, state changes nameplates or mailboxes,"
        " message adds one.", Unit.SECONDS,
        quantiles("wormhole_mailbox_command_duration_seconds", by="class", legend="{{class}}"),
        width=12, thresholds=[(COMMAND_SECONDS, Color.RED)],
    ),
])

NAMEPLATES = Row("Nameplates", [
    Panel(
        "Nameplates", "Claimed nameplates by number of sides: lonely one, paired two, crowded more.", Unit.COUNT,
        [Query("sum by (state) (wormhole_nameplates)", "{{state}}")],
        is_stacked=True,
    ),
    Panel(
        "Allocations by digits", "Nameplates handed out, by their length.", Unit.PER_SECOND,
        [Query("sum by (digits) (rate(wormhole_nameplates_allocated_total[$__rate_interval]))", "{{digits}}")],
        is_stacked=True,
    ),
    Panel(
        "Space used", "Share of the 9, 90 and 900 nameplates of one, two and three digits that are taken.", Unit.RATIO,
        [Query("max by (digits) (wormhole_nameplate_space_used_ratio)", "{{digits}}")],
        maximum=1, thresholds=[(0.8, Color.RED)],
    ),
    heatmap(
        "Wait for the second side", "From the first side of a nameplate to the second: how long people take. A jump means"
        " that codes do not arrive.", Unit.SECONDS, "wormhole_nameplate_wait_seconds", width=12,
    ),
    Panel(
        "Retired by result", "Nameplates that are gone. Pruney: nobody came in time; crowded: a third side came.",
        Unit.PER_SECOND,
        [Query("sum by (result) (rate(wormhole_nameplates_closed_total[$__rate_interval]))", "{{result}}")],
        width=12, is_stacked=True,
    ),
])

MESSAGES = Row("Messages", [
    Panel(
        "Stored messages", "Messages that are held.", Unit.COUNT,
        [Query("sum(wormhole_mailbox_stored_messages)", "stored")],
    ),
    Panel(
        "Stored bytes", "Bytes of the messages that are held, and the most there may be.", Unit.BYTES,
        [
            Query("sum(wormhole_mailbox_stored_bytes)", "stored"),
            Query("sum(wormhole_mailbox_stored_limit_bytes > 0)", "limit", is_limit=True),
        ],
    ),
    Panel(
        "Send queues", "Bytes that wait for clients that read slowly.", Unit.BYTES,
        [Query("sum(wormhole_mailbox_send_queue_bytes)", "waiting")],
    ),
    Panel(
        "Messages in and out", "Messages received and delivered, replayed ones included.", Unit.PER_SECOND,
        [Query("sum by (direction) (rate(wormhole_mailbox_messages_total[$__rate_interval]))", "{{direction}}")],
    ),
    Panel(
        "Bytes in and out", "Bytes of messages received and delivered.", Unit.BYTES_PER_SECOND,
        [Query("sum by (direction) (rate(wormhole_mailbox_message_bytes_total[$__rate_interval]))", "{{direction}}")],
    ),
    Panel(
        "Replayed", "Messages sent from store to a client that opened a mailbox: transfers that would have failed without"
        " a store.", Unit.PER_SECOND,
        [Query("sum(rate(wormhole_mailbox_replayed_messages_total[$__rate_interval]))", "replayed")],
    ),
    Panel(
        "Delivery", "From receipt of a message to its being queued for the other side.", Unit.SECONDS,
        quantiles("wormhole_mailbox_delivery_seconds"), width=12,
    ),
    heatmap(
        "Message size", "Sizes of messages that were added. Control messages are below 1 KiB; many long ones mean that"
        " mailboxes are used as a store.", Unit.BYTES, "wormhole_mailbox_message_size_bytes", width=12,
    ),
])

CLIENTS = Row("Clients", [
    Panel(
        "Binds by application", "Clients that bound, by application. All but the public file transfer are other.",
        Unit.PER_SECOND, [Query("sum by (app) (rate(wormhole_mailbox_binds_total[$__rate_interval]))", "{{app}}")],
        is_stacked=True,
    ),
    Panel(
        "Binds by implementation", "Clients that bound, by the program they say they are.", Unit.PER_SECOND,
        [Query("""
            sum by (implementation) (rate(wormhole_mailbox_client_binds_total[$__rate_interval]))
        """, "{{implementation}}")],
        is_stacked=True,
    ),
    Panel(
        "Binds by version", "Clients that bound, by version. Versions that are not listed are other.", Unit.PER_SECOND,
        [Query("""
            sum by (implementation, version) (rate(wormhole_mailbox_client_binds_total[$__rate_interval]))
        """, "{{implementation}} {{version}}")],
        is_stacked=True,
    ),
    Panel(
        "Sides that came back", "Known sides that opened a new connection: bad networks, and our own restarts.",
        Unit.PER_SECOND,
        [Query("sum(rate(wormhole_mailbox_side_reconnects_total[$__rate_interval]))", "reconnects")],
    ),
    Panel(
        "Round trip of a ping", "WebSocket pings to clients of the mailbox server.", Unit.SECONDS,
        [Query("""
            histogram_quantile(0.5, sum by (le) (
                rate(wormhole_keepalive_rtt_seconds_bucket{component="mailbox"}[$__rate_interval])
            ))
        """, "p50"), Query("""
            histogram_quantile(0.9, sum by (le) (
                rate(wormhole_keepalive_rtt_seconds_bucket{component="mailbox"}[$__rate_interval])
            ))
        """, "p90")],
    ),
    Panel(
        "Why connections end", "Connections to the mailbox server that have ended, by cause.", Unit.PER_SECOND,
        [Query("""
            sum by (cause) (rate(wormhole_connections_closed_total{component="mailbox"}[$__rate_interval]))
        """, "{{cause}}")],
        is_stacked=True,
    ),
])

DASHBOARD = Dashboard(
    uid="wormhole-mailbox",
    title="Wormhole server: mailbox",
    description="What clients of the mailbox server ask for, how fast they are answered, and what is kept for them.",
    rows=[COMMANDS, NAMEPLATES, MESSAGES, CLIENTS],
    annotations=MOMENTS,
)
