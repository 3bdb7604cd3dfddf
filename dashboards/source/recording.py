"""Recording rules: what alerts ask again and again, computed once."""

from source.prometheus import Group, Recording


def ratio(part: str, whole: str, without: str, window: str) -> str:
    """The share of one counter's rate in another's, over a window."""
    return f"""
        sum without ({without}) (rate({part}[{window}]))
          / sum without ({without}) (rate({whole}[{window}]))
    """


MAILBOX = [
    Recording("instance:wormhole_mailbox_commands:rate5m", """
        sum without (command, outcome) (rate(wormhole_mailbox_commands_total[5m]))
    """),
    *[
        Recording(
            f"instance:wormhole_mailbox_errors_per_commands:ratio_rate{window}",
            ratio(
                'wormhole_mailbox_commands_total{outcome="server_error"}', "wormhole_mailbox_commands_total",
                "command, outcome", window,
            ),
        )
        for window in ["5m", "30m", "1h", "6h", "3d"]
    ],
    Recording("instance_le:wormhole_mailbox_command_duration_seconds_bucket:rate5m", """
        sum without (class) (rate(wormhole_mailbox_command_duration_seconds_bucket[5m]))
    """),
    Recording(
        "instance:wormhole_mailbox_scary_per_closed:ratio_rate1h",
        ratio(
            'wormhole_mailboxes_closed_total{result="scary"}', "wormhole_mailboxes_closed_total",
            "result, for_nameplate", "1h",
        ),
    ),
    Recording(
        "instance:wormhole_nameplates_long_per_allocated:ratio_rate1h",
        ratio(
            'wormhole_nameplates_allocated_total{digits=~"3|4_or_more"}', "wormhole_nameplates_allocated_total",
            "digits", "1h",
        ),
    ),
]

TRANSIT = [
    Recording("instance:wormhole_transit_relayed_bytes:rate5m", """
        sum without (path) (rate(wormhole_transit_relayed_bytes_total[5m]))
    """),
    *[
        Recording(
            f"instance:wormhole_transit_server_ends_per_ends:ratio_rate{window}",
            ratio(
                'wormhole_transit_session_ends_total{cause="server_error"}', "wormhole_transit_session_ends_total",
                "cause", window,
            ),
        )
        for window in ["1h", "6h"]
    ],
    Recording(
        "instance:wormhole_transit_lonely_per_sessions:ratio_rate1h",
        ratio(
            'wormhole_transit_sessions_total{mood="lonely"}', "wormhole_transit_sessions_total", "mood", "1h",
        ),
    ),
]

PROCESS = [
    Recording("instance:wormhole_connections:sum", """
        sum without (transport, ip_family) (wormhole_connections)
    """),
    Recording("instance:process_open_fds_per_max_fds:ratio", """
        process_open_fds{job="wormhole-server"} / process_max_fds{job="wormhole-server"}
    """),
]

GROUPS = [
    Group("wormhole-mailbox.rules", MAILBOX),
    Group("wormhole-transit.rules", TRANSIT),
    Group("wormhole-process.rules", PROCESS),
]
