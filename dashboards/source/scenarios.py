"""Stories for the alerts: one in which each fires, and one that stops just short of it.

Values are in promtool's notation: `0x10` is 0 and ten more times 0, `0+2x10` goes up by 2 ten times, `_` is a scrape without
the series.
"""

from source.prometheus import Computation, Expected, Scenario

UP = "up"
READY = 'wormhole_server_state{state="ready"}'
DRAINING = 'wormhole_server_state{state="draining"}'
COMMANDS_OK = 'wormhole_mailbox_commands_total{command="bind", outcome="ok"}'
COMMANDS_FAILED = 'wormhole_mailbox_commands_total{command="bind", outcome="server_error"}'
STARTED_AT = "process_start_time_seconds"
CANARY_AT = 'wormhole_selftest_last_success_timestamp_seconds{probe="transit"}'
PRUNED_AT = 'wormhole_maintenance_last_success_timestamp_seconds{task="prune"}'
CHECKPOINT_AT = 'wormhole_maintenance_last_success_timestamp_seconds{task="checkpoint"}'
CHANNEL_WRITES = 'wormhole_db_operation_duration_seconds_count{db="channel", operation="write"}'
STATS_AT = 'wormhole_maintenance_last_success_timestamp_seconds{task="stats"}'
LONG_CODES = 'wormhole_nameplates_allocated_total{digits="3"}'
SHORT_CODES = 'wormhole_nameplates_allocated_total{digits="1"}'
SCARY = 'wormhole_mailboxes_closed_total{result="scary", for_nameplate="true"}'
HAPPY = 'wormhole_mailboxes_closed_total{result="happy", for_nameplate="true"}'
TRANSIT_CONNECTIONS = 'wormhole_connections{component="transit", transport="tcp", ip_family="ipv4"}'
TRANSIT_CONNECTIONS_6 = 'wormhole_connections{component="transit", transport="tcp", ip_family="ipv6"}'
MAILBOX_CONNECTIONS = 'wormhole_connections{component="mailbox", transport="ws", ip_family="ipv4"}'
EVICTIONS = 'wormhole_limit_table_evictions_total{table="source"}'
TRANSIT_LIMIT = 'wormhole_connections_limit{component="transit"}'
LONELY = 'wormhole_transit_sessions_total{mood="lonely"}'
HAPPY_PAIRS = 'wormhole_transit_sessions_total{mood="happy"}'
ENDS_BY_CLIENT = 'wormhole_transit_session_ends_total{cause="client_close"}'
ENDS_BY_SERVER = 'wormhole_transit_session_ends_total{cause="server_error"}'
WRITTEN = 'wormhole_usage_records_total{sink="db", kind="transit", result="written"}'
DROPPED = 'wormhole_usage_records_total{sink="db", kind="transit", result="dropped"}'


def fires(alert: str, story: str, series: dict[str, str], at: str, labels: dict[str, str] | None = None,
          value: str = "", not_yet: str = "", **others) -> Scenario:
    """A story at the end of which an alert fires for one series."""
    return Scenario(alert, story, series, at, [Expected(labels or {}, value, **others)], not_yet=not_yet)


def silent(alert: str, story: str, series: dict[str, str], at: str) -> Scenario:
    return Scenario(alert, story, series, at)


def over_days(alert: str, story: str, series: dict[str, str], at: str, fires: list[Expected],
              not_yet: str = "") -> Scenario:
    """A story told in steps of a quarter of an hour."""
    return Scenario(alert, story, series, at, fires, interval="15m", not_yet=not_yet)


def durations(metric: str, labels: str, counts: dict[str, str]) -> dict[str, str]:
    """A histogram by its cumulative buckets."""
    return {f'{metric}_bucket{{{labels}le="{bound}"}}': values for bound, values in counts.items()}


AVAILABILITY = [
    fires("WormholeDown", "unreachable for 4 minutes", {UP: "1x5 0x9"}, "10m"),
    silent("WormholeDown", "unreachable for 2 minutes", {UP: "1x5 0x9"}, "8m"),
    fires("WormholeAbsent", "no target at all", {"another": "1x20"}, "11m", not_yet="9m", has_instance=False),
    silent("WormholeAbsent", "a target, even one that is down", {UP: "0x20"}, "15m"),
    fires(
        "WormholeNotReady", "a part broken for 6 minutes",
        {READY: "1x20", 'wormhole_component_ready{component="channel_db"}': "1x3 0x16"}, "10m",
        {"component": "channel_db"}, not_yet="8m",
    ),
    silent(
        "WormholeNotReady", "parts stop while draining",
        {READY: "1x2 0x17", DRAINING: "0x2 1x17", 'wormhole_component_ready{component="transit"}': "1x3 0x16"}, "15m",
    ),
    fires(
        "WormholeSelftestFailing", "the canary died after a minute",
        {READY: "1x30", STARTED_AT: "1x30", CANARY_AT: "60x30"}, "15m", {"probe": "transit"}, "14m 0s",
        not_yet="12m",
    ),
    fires(
        "WormholeSelftestFailing", "the canary has never lived",
        {READY: "1x30", STARTED_AT: "60x30", CANARY_AT: "0x30"}, "15m", {"probe": "transit"}, "14m 0s",
    ),
    silent(
        "WormholeSelftestFailing", "a canary every minute",
        {READY: "1x30", STARTED_AT: "1x30", CANARY_AT: "60+60x30"}, "30m",
    ),
    silent(
        "WormholeSelftestFailing", "draining", {READY: "1x5 0x25", STARTED_AT: "1x30", CANARY_AT: "60x30"}, "25m",
    ),
    silent(
        "WormholeSelftestFailing", "the first canary is still to come",
        {READY: "1x30", STARTED_AT: "1200x30", CANARY_AT: "0x30"}, "29m",
    ),
    fires(
        "WormholeRestarting", "three restarts in half an hour",
        {"process_start_time_seconds": "100x5 500x5 900x5 1300x20"}, "25m", value="3",
    ),
    silent(
        "WormholeRestarting", "two restarts, as for an upgrade that is taken back",
        {"process_start_time_seconds": "100x5 500x5 900x30"}, "25m",
    ),
    fires(
        "WormholeMailboxErrorBudgetBurn", "one command in four fails, for five minutes after six good hours",
        {COMMANDS_OK: "0+100x360 36075+75x9", COMMANDS_FAILED: "0x360 25+25x9"}, "365m",
        value="2.083%", rule={"window": "1h"},
    ),
    silent(
        "WormholeMailboxErrorBudgetBurn", "the same on a server with few commands",
        {COMMANDS_OK: "0+1x60 60+0.9x30", COMMANDS_FAILED: "0x60 0.1+0.1x30"}, "75m",
    ),
    silent(
        "WormholeMailboxErrorBudgetBurn", "a burst of errors that is over",
        {COMMANDS_OK: "0+100x130", COMMANDS_FAILED: "0x60 10+10x9 100x60"}, "105m",
    ),
    silent(
        "WormholeMailboxErrorBudgetBurn", "clients make mistakes",
        {COMMANDS_OK: "0+100x90", 'wormhole_mailbox_commands_total{command="bind", outcome="client_error"}': "0+100x90"},
        "80m",
    ),
    fires(
        "WormholeTransitErrorBudgetBurn", "one pair in ten is broken",
        {ENDS_BY_CLIENT: "0+9x90", ENDS_BY_SERVER: "0+1x90"}, "70m", value="10%",
    ),
    silent(
        "WormholeTransitErrorBudgetBurn", "one pair in ten of a few is broken",
        {ENDS_BY_CLIENT: "0+0.09x90", ENDS_BY_SERVER: "0+0.01x90"}, "70m",
    ),
    silent(
        "WormholeTransitErrorBudgetBurn", "one pair in a hundred is broken",
        {ENDS_BY_CLIENT: "0+9.9x90", ENDS_BY_SERVER: "0+0.1x90"}, "70m",
    ),
]

STATE = [
    fires(
        "WormholePruneStalled", "no run for 21 minutes", {STARTED_AT: "1x30", PRUNED_AT: "60x30"}, "22m", {"task": "prune"},
        "21m 0s", not_yet="20m",
    ),
    fires(
        "WormholePruneStalled", "no run since the start", {STARTED_AT: "60x30", PRUNED_AT: "0x30"}, "22m", {"task": "prune"},
        "21m 0s",
    ),
    silent(
        "WormholePruneStalled", "a run every five minutes",
        {STARTED_AT: "1x40", PRUNED_AT: "1x4 300x4 600x4 900x4 1200x20"}, "30m",
    ),
    fires(
        "WormholeMaintenanceStalled", "no run for 66 minutes", {STARTED_AT: "1x70", STATS_AT: "60x70"}, "67m",
        {"task": "stats"}, "1h 6m 0s", not_yet="65m",
    ),
    silent(
        "WormholeMaintenanceStalled", "a checkpoint is only made when there is something to write",
        {STARTED_AT: "1x90", STATS_AT: "1+60x90", CHECKPOINT_AT: "60x90", CHANNEL_WRITES: "5x90"}, "80m",
    ),
    fires(
        "WormholeMaintenanceStalled", "what has been written for an hour is not checkpointed",
        {STARTED_AT: "1x90", CHECKPOINT_AT: "60x90", CHANNEL_WRITES: "5+1x90"}, "67m", {"task": "checkpoint"}, "1h 6m 0s",
        not_yet="65m",
    ),
    fires(
        "WormholeMaintenanceStalled", "no checkpoint has ever succeeded",
        {STARTED_AT: "60x90", CHECKPOINT_AT: "0x90", CHANNEL_WRITES: "5+1x90"}, "67m", {"task": "checkpoint"}, "1h 6m 0s",
    ),
    silent(
        "WormholeMaintenanceStalled", "the first writes after a quiet day are still to be checkpointed",
        {STARTED_AT: "1x180", CHECKPOINT_AT: "60x180", CHANNEL_WRITES: "5x120 6+1x60"}, "155m",
    ),
    silent(
        "WormholeMaintenanceStalled", "the first run is still to come", {STARTED_AT: "1200x90", STATS_AT: "0x90"}, "80m",
    ),
    fires(
        "WormholeNameplatesLeaking", "80 of 90 are taken",
        {'wormhole_nameplate_space_used_ratio{digits="2"}': "0.5x5 0.9x30"}, "25m", {"digits": "2"}, "90%",
        not_yet="20m",
    ),
    silent(
        "WormholeNameplatesLeaking", "all of one digit, but not of two, are taken",
        {
            'wormhole_nameplate_space_used_ratio{digits="1"}': "1x40",
            'wormhole_nameplate_space_used_ratio{digits="2"}': "0.8x40",
        },
        "35m",
    ),
    fires(
        "WormholeCodesGettingLong", "one code in five is long",
        {SHORT_CODES: "0+4x100", LONG_CODES: "0+1x100"}, "95m", value="20%", not_yet="30m",
    ),
    silent("WormholeCodesGettingLong", "few codes at all", {SHORT_CODES: "0+0.1x100", LONG_CODES: "0+0.2x100"}, "95m"),
    fires("WormholeInternalErrors", "an error was caught",
          {'wormhole_internal_errors_total{component="mailbox"}': "0x5 1x9"}, "10m"),
    fires(
        "WormholeInternalErrors", "the consistency check found something",
        {'wormhole_invariant_violations_total{check="mailbox_sides"}': "0x5 1x40"}, "40m",
    ),
    silent(
        "WormholeInternalErrors", "an error of yesterday",
        {
            'wormhole_internal_errors_total{component="mailbox"}': "7x30",
            'wormhole_invariant_violations_total{check="mailbox_sides"}': "7x30",
        },
        "20m",
    ),
    fires(
        "WormholeDrainStuck", "draining for 65 minutes",
        {DRAINING: "0x5 1x75", "wormhole_drain_started_timestamp_seconds": "0x5 300x75"}, "70m", {"state": "draining"},
    ),
    silent(
        "WormholeDrainStuck", "draining for 50 minutes",
        {DRAINING: "0x5 1x75", "wormhole_drain_started_timestamp_seconds": "0x5 300x75"}, "55m",
    ),
    silent(
        "WormholeDrainStuck", "not draining at all",
        {DRAINING: "0x90", "wormhole_drain_started_timestamp_seconds": "0x90"}, "80m",
    ),
    fires(
        "WormholeConfigReloadFailed", "a mistake in a file is left there", {"wormhole_config_last_reload_successful": "1x4 0x30"},
        "11m", not_yet="9m",
    ),
    silent(
        "WormholeConfigReloadFailed", "a mistake in a file is mended within four minutes",
        {"wormhole_config_last_reload_successful": "1x4 0x3 1x30"}, "20m",
    ),
]

SLOW = durations("wormhole_mailbox_command_duration_seconds", 'class="state", ', {
    "0.25": "0+90x40", "0.5": "0+100x40", "+Inf": "0+100x40",
})

SATURATION = [
    fires("WormholeMailboxSlow", "one command in ten takes half a second", {**SLOW, COMMANDS_OK: "0+100x40"}, "30m",
          value="475ms", not_yet="9m"),
    silent("WormholeMailboxSlow", "the same with a command now and then", {**SLOW, COMMANDS_OK: "0+10x40"}, "30m"),
    silent(
        "WormholeMailboxSlow", "one command in a thousand is slow",
        {
            **durations("wormhole_mailbox_command_duration_seconds", 'class="state", ', {
                "0.25": "0+99.9x40", "0.5": "0+100x40", "+Inf": "0+100x40",
            }),
            COMMANDS_OK: "0+100x40",
        },
        "30m",
    ),
    fires(
        "WormholeEventLoopLag", "one timer in ten is a second late",
        durations("wormhole_event_loop_lag_seconds", "", {"0.5": "0+90x20", "1": "0+100x20", "+Inf": "0+100x20"}), "15m",
        value="950ms", not_yet="5m",
    ),
    silent(
        "WormholeEventLoopLag", "all timers are within 10 ms",
        durations("wormhole_event_loop_lag_seconds", "", {"0.01": "0+100x20", "1": "0+100x20", "+Inf": "0+100x20"}), "15m",
    ),
    fires(
        "WormholeConnectionsNearLimit", "95 of 100, in two series",
        {TRANSIT_CONNECTIONS: "90x20", TRANSIT_CONNECTIONS_6: "5x20", TRANSIT_LIMIT: "100x20"}, "10m",
        {"component": "transit"}, "95%", not_yet="4m",
    ),
    silent(
        "WormholeConnectionsNearLimit", "90 of 100, and a service without a limit",
        {
            TRANSIT_CONNECTIONS: "90x20", TRANSIT_LIMIT: "100x20",
            MAILBOX_CONNECTIONS: "90x20",
            'wormhole_connections_limit{component="mailbox"}': "0x20",
        },
        "10m",
    ),
    fires("WormholeFileDescriptorsNearLimit", "81 of 100", {"process_open_fds": "81x20", "process_max_fds": "100x20"}, "10m",
          value="81%", not_yet="4m"),
    silent("WormholeFileDescriptorsNearLimit", "80 of 100", {"process_open_fds": "80x20", "process_max_fds": "100x20"},
           "10m"),
    fires("WormholeAcceptErrors", "no descriptor was left, 30 times a minute",
          {'wormhole_accept_errors_total{error="emfile"}': "0+30x20"}, "15m", value="500m", not_yet="2m"),
    silent("WormholeAcceptErrors", "clients hang up before they are let in",
           {'wormhole_accept_errors_total{error="econnaborted"}': "0+30x20", 'wormhole_accept_errors_total{error="emfile"}':
            "7x20"}, "15m"),
]

ABUSE = [
    fires("WormholeGuessing", "one mailbox in four", {SCARY: "0+1x90", HAPPY: "0+3x90"}, "80m", value="25%", not_yet="15m"),
    silent("WormholeGuessing", "five typing errors among few", {SCARY: "0+0.08x90", HAPPY: "0+0.1x90"}, "80m"),
    silent("WormholeGuessing", "many typing errors among many more", {SCARY: "0+4x90", HAPPY: "0+96x90"}, "80m"),
    fires(
        "WormholeOneSourceDominates", "60 of 100 connections",
        {"wormhole_top_source_connections_ratio": "0.6x30", TRANSIT_CONNECTIONS: "30x30", MAILBOX_CONNECTIONS: "70x30"}, "20m",
        value="60%", not_yet="14m",
    ),
    silent(
        "WormholeOneSourceDominates", "all of a few connections",
        {"wormhole_top_source_connections_ratio": "1x30", TRANSIT_CONNECTIONS: "25x30", MAILBOX_CONNECTIONS: "25x30"}, "20m",
    ),
    fires("WormholeLimiterOverrun", "two entries a second do not fit", {EVICTIONS: "0+120x40"}, "25m", value="2",
          not_yet="9m"),
    silent("WormholeLimiterOverrun", "a wave that is over", {EVICTIONS: "0x3 0+1200x5 6000x40"}, "25m"),
    silent("WormholeLimiterOverrun", "one every two seconds", {EVICTIONS: "0+30x40"}, "30m"),
    fires("WormholeLonelyTransfers", "seven of ten", {LONELY: "0+7x150", HAPPY_PAIRS: "0+3x150"}, "130m", value="70%",
          not_yet="60m"),
    silent("WormholeLonelyTransfers", "half of them", {LONELY: "0+5x150", HAPPY_PAIRS: "0+5x150"}, "130m"),
    silent("WormholeLonelyTransfers", "most of a few", {LONELY: "0+0.3x150", HAPPY_PAIRS: "0+0.1x150"}, "130m"),
]

DATA = [
    fires("WormholeDatabaseErrors", "the disk is full", {'wormhole_db_errors_total{db="channel", kind="full"}': "0x5 1x9"},
          "10m", {"db": "channel"}),
    silent("WormholeDatabaseErrors", "another program holds the lock for a moment",
           {'wormhole_db_errors_total{db="usage", kind="busy"}': "0+1x20"}, "15m"),
    fires("WormholeUsageRecordsDropped", "a record is lost", {DROPPED: "0x5 1x9", WRITTEN: "0+1x20"}, "10m",
          {"sink": "db", "result": "dropped"}),
    silent("WormholeUsageRecordsDropped", "all are written", {DROPPED: "3x20", WRITTEN: "0+1x20"}, "15m"),
    fires("WormholeUsageNotBlurred", "exact times are written",
          {"wormhole_usage_blur_seconds": "0x90", WRITTEN: "0+1x90"}, "70m", not_yet="60m"),
    silent("WormholeUsageNotBlurred", "rounded times are written",
           {"wormhole_usage_blur_seconds": "3600x90", WRITTEN: "0+1x90"}, "70m"),
    silent("WormholeUsageNotBlurred", "nothing is written", {"wormhole_usage_blur_seconds": "0x90", WRITTEN: "7x90"}, "70m"),
]

WITHIN_HOURS = AVAILABILITY + STATE + SATURATION + ABUSE + DATA

OVER_DAYS = [
    over_days(
        "WormholeMailboxErrorBudgetBurn", "one command in a hundred fails, for hours",
        {COMMANDS_OK: "0+99x24", COMMANDS_FAILED: "0+1x24"}, "6h",
        [Expected(value="1%", rule={"window": "6h"}), Expected(value="1%", rule={"window": "3d"})],
    ),
    over_days(
        "WormholeMailboxErrorBudgetBurn", "two commands in a thousand fail, for days",
        {COMMANDS_OK: "0+998x300", COMMANDS_FAILED: "0+2x300"}, "3d",
        [Expected(value="0.2%", rule={"window": "3d"})],
    ),
    over_days(
        "WormholeMailboxErrorBudgetBurn", "five commands in ten thousand fail, for days",
        {COMMANDS_OK: "0+9995x300", COMMANDS_FAILED: "0+5x300"}, "3d", [],
    ),
    over_days(
        "WormholeTransitSilent", "nothing for 7 hours, a week after a busy day",
        {HAPPY_PAIRS: "0+2x700 1400x100", LONELY: "0x800"}, "183h", [Expected()], not_yet="181h",
    ),
    over_days(
        "WormholeTransitSilent", "nothing for 7 hours, a week after a quiet day",
        {HAPPY_PAIRS: "0+0.5x700 350x100", LONELY: "0x800"}, "183h", [],
    ),
    over_days(
        "WormholeTransitSilent", "busy now as a week ago", {HAPPY_PAIRS: "0+2x800", LONELY: "0x800"}, "183h", [],
    ),
    over_days(
        "WormholeStateDiskFilling", "100 GB, and 2 GB less every quarter of an hour",
        {"wormhole_state_filesystem_avail_bytes": "100e9-2e9x40"}, "8h", [Expected()], not_yet="1h",
    ),
    over_days(
        "WormholeStateDiskFilling", "100 GB, and 0.2 GB less every quarter of an hour",
        {"wormhole_state_filesystem_avail_bytes": "100e9-2e8x40"}, "8h", [],
    ),
]

COMPUTATIONS = [
    Computation("instance:wormhole_mailbox_commands:rate5m", {COMMANDS_OK: "0+60x20", COMMANDS_FAILED: "0+30x20"}, "10m",
                {}, 1.5),
    *[
        Computation(
            f"instance:wormhole_mailbox_errors_per_commands:ratio_rate{window}",
            {COMMANDS_OK: "0+10x90", COMMANDS_FAILED: "0+10x90"}, "80m", {}, 0.5,
        )
        for window in ["5m", "30m", "1h", "6h", "3d"]
    ],
    Computation(
        "instance_le:wormhole_mailbox_command_duration_seconds_bucket:rate5m",
        {
            'wormhole_mailbox_command_duration_seconds_bucket{class="state", le="0.25"}': "0+60x20",
            'wormhole_mailbox_command_duration_seconds_bucket{class="message", le="0.25"}': "0+120x20",
        },
        "10m", {"le": "0.25"}, 3,
    ),
    Computation("instance:wormhole_mailbox_scary_per_closed:ratio_rate1h", {SCARY: "0+1x90", HAPPY: "0+3x90"}, "80m", {},
                0.25),
    Computation("instance:wormhole_nameplates_long_per_allocated:ratio_rate1h",
                {SHORT_CODES: "0+1x90", LONG_CODES: "0+1x90"}, "80m", {}, 0.5),
    Computation(
        "instance:wormhole_transit_relayed_bytes:rate5m",
        {
            'wormhole_transit_relayed_bytes_total{path="tcp_tcp"}': "0+6000x20",
            'wormhole_transit_relayed_bytes_total{path="tcp_ws"}': "0+3000x20",
        },
        "10m", {}, 150,
    ),
    *[
        Computation(
            f"instance:wormhole_transit_server_ends_per_ends:ratio_rate{window}",
            {ENDS_BY_CLIENT: "0+3x90", ENDS_BY_SERVER: "0+1x90"}, "80m", {}, 0.25,
        )
        for window in ["1h", "6h"]
    ],
    Computation("instance:wormhole_transit_lonely_per_sessions:ratio_rate1h", {LONELY: "0+1x90", HAPPY_PAIRS: "0+1x90"},
                "80m", {}, 0.5),
    Computation("instance:wormhole_connections:sum", {TRANSIT_CONNECTIONS: "3x20", TRANSIT_CONNECTIONS_6: "4x20"}, "10m",
                {"component": "transit"}, 7),
    Computation("instance:process_open_fds_per_max_fds:ratio", {"process_open_fds": "10x20", "process_max_fds": "40x20"},
                "10m", {}, 0.25),
]
