"""Alerts: each is something a person should know, and has a section in RUNBOOK.md that says what to do.

`critical` is worth waking somebody up for, `warning` can wait until morning, `info` until somebody looks.
"""

from inspect import cleandoc

from source.objectives import COMMAND_SECONDS, MAILBOX_ERROR_BUDGET, TRANSIT_ERROR_BUDGET
from source.prometheus import Alert, Group

IS_READY = 'on (job, instance) wormhole_server_state{state="ready"} == 1'

# A checkpoint of the channel database comes a second after the last write, or after 2,000 pages, which steady traffic writes
# in half an hour; without writes there is none. So one is due for what was written then.
WAS_WRITTEN_TO = (
    'increase(wormhole_db_operation_duration_seconds_count{db="channel", operation="write"}[15m] offset 40m) > 0'
)


def overdue(last_success: str, seconds: int) -> str:
    """A task that has not succeeded for so long; one that never has is counted from the start of the process."""
    return cleandoc(f"""
        time() - (
          {last_success} > 0
          or
          {last_success}
            + on (job, instance) group_left process_start_time_seconds{{job="wormhole-server"}}
        ) > {seconds}
    """)


def budget_burn(severity: str, long: str, short: str, factor: float, commands: int, duration: str) -> Alert:
    """Errors that use the budget of 0.1 % up `factor` times as fast as it grows, over a long window and still now.

    Args:
        commands: How many the long window must have seen; a few failures among few commands say nothing.
    """
    series = "instance:wormhole_mailbox_errors_per_commands:ratio_rate"
    threshold = f"{factor:g} * {MAILBOX_ERROR_BUDGET:g}" if factor != 1 else f"{MAILBOX_ERROR_BUDGET:g}"
    return Alert(
        "WormholeMailboxErrorBudgetBurn", f"""
        (
          {series}{long} > {threshold}
          and
          {series}{short} > {threshold}
        )
        and
        sum without (command, outcome) (increase(wormhole_mailbox_commands_total[{long}])) > {commands}
        """,
        severity, duration=duration, labels={"window": long},
        summary="Mailbox commands fail on {{ $labels.instance }}",
        description=f"{{{{ $value | humanizePercentage }}}} of the commands of the last {long} failed through the server's"
        " own fault; the objective is less than 0.1 %.",
    )


AVAILABILITY = [
    Alert(
        "WormholeDown", 'up{job="wormhole-server"} == 0', "critical", duration="3m",
        summary="{{ $labels.instance }} is down",
        description="Prometheus has not reached /metrics of {{ $labels.instance }} for 3 minutes.",
    ),
    Alert(
        "WormholeAbsent", 'absent(up{job="wormhole-server"})', "critical", duration="10m",
        summary="Prometheus knows no wormhole server",
        description="The scrape job wormhole-server has no target; nobody would notice if the server were down.",
    ),
    Alert(
        "WormholeNotReady", f"wormhole_component_ready == 0 and {IS_READY}", "critical", duration="5m",
        summary="{{ $labels.component }} of {{ $labels.instance }} is not ready",
        description="The process runs, but its check {{ $labels.component }} has failed for 5 minutes.",
    ),
    Alert(
        "WormholeSelftestFailing", f"{overdue('wormhole_selftest_last_success_timestamp_seconds', 600)}\nand {IS_READY}",
        "critical", duration="2m",
        summary="No trial wormhole through {{ $labels.probe }} of {{ $labels.instance }} succeeds",
        description="None has for {{ $value | humanizeDuration }}; users see the same.",
    ),
    Alert(
        "WormholeRestarting", 'changes(process_start_time_seconds{job="wormhole-server"}[30m]) > 2', "warning",
        summary="{{ $labels.instance }} restarts again and again",
        description="It restarted {{ $value }} times in 30 minutes. Each restart cuts the transfers under way.",
    ),
    budget_burn("critical", "1h", "5m", 14.4, commands=100, duration="0m"),
    budget_burn("critical", "6h", "30m", 6, commands=300, duration="0m"),
    budget_burn("warning", "3d", "6h", 1, commands=1000, duration="1h"),
    Alert(
        "WormholeTransitErrorBudgetBurn", f"""
        (
          instance:wormhole_transit_server_ends_per_ends:ratio_rate6h > 6 * {TRANSIT_ERROR_BUDGET:g}
          and
          instance:wormhole_transit_server_ends_per_ends:ratio_rate1h > 6 * {TRANSIT_ERROR_BUDGET:g}
        )
        and
        sum without (cause) (increase(wormhole_transit_session_ends_total[6h])) > 30
        """,
        "critical",
        summary="The relay of {{ $labels.instance }} breaks transfers",
        description="{{ $value | humanizePercentage }} of the pairs of the last 6h were ended by the server's own fault; the"
        " objective is less than 0.5 %.",
    ),
    Alert(
        "WormholeTransitSilent", """
        sum without (mood) (increase(wormhole_transit_sessions_total[6h])) == 0
        and
        sum without (mood) (increase(wormhole_transit_sessions_total[6h] offset 1w)) > 20
        """,
        "critical", duration="15m",
        summary="Nobody uses the relay of {{ $labels.instance }}",
        description="There was no transfer in 6 hours; a week ago, at the same time, there were more than 20.",
    ),
]

STATE = [
    Alert(
        "WormholePruneStalled",
        overdue('wormhole_maintenance_last_success_timestamp_seconds{task="prune"}', 900),
        "critical", duration="5m",
        summary="{{ $labels.instance }} no longer prunes",
        description="No run has succeeded for {{ $value | humanizeDuration }}; there should be one every five minutes."
        " Nameplates are not given back, and codes get longer.",
    ),
    Alert(
        "WormholeMaintenanceStalled",
        "\n".join([
            overdue('wormhole_maintenance_last_success_timestamp_seconds{task=~"stats|consistency"}', 3600),
            "or",
            overdue('wormhole_maintenance_last_success_timestamp_seconds{task="checkpoint"}', 3600),
            f"and on (job, instance) {WAS_WRITTEN_TO}",
        ]),
        "warning", duration="5m",
        summary="The task {{ $labels.task }} of {{ $labels.instance }} has stopped",
        description="No run of it has succeeded for {{ $value | humanizeDuration }}.",
    ),
    Alert(
        "WormholeNameplatesLeaking", 'wormhole_nameplate_space_used_ratio{digits="2"} > 0.8', "warning", duration="15m",
        summary="Two-digit codes of {{ $labels.instance }} run out",
        description="{{ $value | humanizePercentage }} of the nameplates of two digits are taken: a leak, or somebody takes"
        " them on purpose.",
    ),
    Alert(
        "WormholeCodesGettingLong", """
        instance:wormhole_nameplates_long_per_allocated:ratio_rate1h > 0.1
        and
        sum without (digits) (increase(wormhole_nameplates_allocated_total[1h])) > 20
        """,
        "warning", duration="30m",
        summary="Users of {{ $labels.instance }} get long codes",
        description="{{ $value | humanizePercentage }} of the nameplates of the last hour had three digits or more.",
    ),
    Alert(
        "WormholeInternalErrors", """
        sum without (component) (increase(wormhole_internal_errors_total[15m])) > 0
        or
        sum without (check) (increase(wormhole_invariant_violations_total[1h])) > 0
        """,
        "warning",
        summary="{{ $labels.instance }} has caught a bug of its own",
        description="An internal error was logged, or the consistency check found state that should not exist.",
    ),
    Alert(
        "WormholeDrainStuck", """
        wormhole_server_state{state="draining"} == 1
        and on (job, instance)
        time() - wormhole_drain_started_timestamp_seconds > 3600
        """,
        "warning",
        summary="{{ $labels.instance }} does not finish draining",
        description="It has been draining for more than an hour, and is still not down.",
    ),
    Alert(
        "WormholeConfigReloadFailed", "wormhole_config_last_reload_successful == 0", "warning", duration="5m",
        summary="{{ $labels.instance }} refused its new configuration",
        description="The last reload failed, and what was in force before still is. The next start would fail.",
    ),
]

SATURATION = [
    Alert(
        "WormholeMailboxSlow", f"""
        histogram_quantile(0.99, instance_le:wormhole_mailbox_command_duration_seconds_bucket:rate5m) > {COMMAND_SECONDS}
        and
        instance:wormhole_mailbox_commands:rate5m > 1
        """,
        "warning", duration="10m",
        summary="The mailbox server of {{ $labels.instance }} is slow",
        description="One command in a hundred takes longer than {{ $value | humanizeDuration }}; the objective is 250 ms.",
    ),
    Alert(
        "WormholeEventLoopLag", "histogram_quantile(0.99, rate(wormhole_event_loop_lag_seconds_bucket[5m])) > 0.5",
        "warning", duration="5m",
        summary="{{ $labels.instance }} is overloaded",
        description="One timer in a hundred fires {{ $value | humanizeDuration }} late. Errors come next.",
    ),
    Alert(
        "WormholeConnectionsNearLimit", "instance:wormhole_connections:sum / (wormhole_connections_limit > 0) > 0.9",
        "warning", duration="5m",
        summary="{{ $labels.component }} of {{ $labels.instance }} is nearly full",
        description="{{ $value | humanizePercentage }} of the connections allowed are open. Clients are turned away next.",
    ),
    Alert(
        "WormholeFileDescriptorsNearLimit", "instance:process_open_fds_per_max_fds:ratio > 0.8", "warning", duration="5m",
        summary="{{ $labels.instance }} runs out of descriptors",
        description="{{ $value | humanizePercentage }} of the descriptors allowed are open.",
    ),
    Alert(
        "WormholeAcceptErrors", """
        sum without (error) (rate(wormhole_accept_errors_total{error=~"emfile|enfile"}[5m])) > 0
        """,
        "critical", duration="2m",
        summary="{{ $labels.instance }} turns users away for want of descriptors",
        description="accept(2) fails {{ $value | humanize }} times a second.",
    ),
    Alert(
        "WormholeStateDiskFilling", "predict_linear(wormhole_state_filesystem_avail_bytes[6h], 86400) < 0", "warning",
        duration="1h",
        summary="The disk of {{ $labels.instance }} fills up",
        description="At the pace of the last 6 hours the file system of the databases is full within a day.",
    ),
]

ABUSE = [
    Alert(
        "WormholeGuessing", """
        instance:wormhole_mailbox_scary_per_closed:ratio_rate1h > 0.05
        and
        sum without (result, for_nameplate) (increase(wormhole_mailboxes_closed_total{result="scary"}[1h])) > 10
        """,
        "warning", duration="10m",
        summary="Somebody guesses codes on {{ $labels.instance }}",
        description="{{ $value | humanizePercentage }} of the mailboxes of the last hour ended with a wrong password.",
    ),
    Alert(
        "WormholeOneSourceDominates", """
        wormhole_top_source_connections_ratio > 0.5
        and on (job, instance)
        sum by (job, instance) (wormhole_connections) > 50
        """,
        "warning", duration="15m",
        summary="One client network fills {{ $labels.instance }}",
        description="{{ $value | humanizePercentage }} of the open connections belong to one client network.",
    ),
    Alert(
        "WormholeLimiterOverrun", "sum without (table) (rate(wormhole_limit_table_evictions_total[10m])) > 1", "warning",
        duration="10m",
        summary="{{ $labels.instance }} cannot keep all of its sources in mind",
        description="{{ $value | humanize }} times a second a table of limits was full. Limits by source are partly blind.",
    ),
    Alert(
        "WormholeLonelyTransfers", """
        instance:wormhole_transit_lonely_per_sessions:ratio_rate1h > 0.6
        and
        sum without (mood) (increase(wormhole_transit_sessions_total[1h])) > 30
        """,
        "warning", duration="1h",
        summary="Clients of {{ $labels.instance }} do not find each other",
        description="{{ $value | humanizePercentage }} of the relay's records of the last hour never got a partner.",
    ),
]

DATA = [
    Alert(
        "WormholeDatabaseErrors", 'sum without (kind) (increase(wormhole_db_errors_total{kind!="busy"}[15m])) > 0',
        "critical",
        summary="The {{ $labels.db }} database of {{ $labels.instance }} fails",
        description="SQLite reported errors in the last 15 minutes. What is stored, or the history, is at risk.",
    ),
    Alert(
        "WormholeUsageRecordsDropped", """
        sum without (kind) (increase(wormhole_usage_records_total{result="dropped"}[15m])) > 0
        """,
        "warning",
        summary="{{ $labels.instance }} loses usage records",
        description="Records for {{ $labels.sink }} were dropped in the last 15 minutes. The history has gaps.",
    ),
    Alert(
        "WormholeUsageNotBlurred", """
        wormhole_usage_blur_seconds == 0
        and on (job, instance)
        sum by (job, instance) (increase(wormhole_usage_records_total{result="written"}[1h])) > 0
        """,
        "info", duration="1h",
        summary="{{ $labels.instance }} keeps exact times",
        description="Usage records are written without rounding their times and sizes.",
    ),
]

GROUPS = [
    Group("wormhole-availability.alerts", AVAILABILITY),
    Group("wormhole-state.alerts", STATE),
    Group("wormhole-saturation.alerts", SATURATION),
    Group("wormhole-abuse.alerts", ABUSE),
    Group("wormhole-data.alerts", DATA),
]
