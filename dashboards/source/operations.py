"""The process and its surroundings: resources, abuse, data, house-keeping."""

from source.grafana import Color, Dashboard, Kind, Panel, Query, Row, Unit
from source.shared import MOMENTS

PROCESS = Row("Process", [
    Panel(
        "CPU", "Processors in use; 1 is one of them all the time.", Unit.COUNT,
        [Query("sum by (instance) (rate(process_cpu_seconds_total[$__rate_interval]))", "{{instance}}")],
    ),
    Panel(
        "CPU for a gigabyte", "Seconds of CPU time spent for each gigabyte relayed, everything else included; without a line"
        " below 100 kB a second, when everything else is nearly all of it.", Unit.SECONDS,
        [Query("""
            sum by (instance) (rate(process_cpu_seconds_total[$__rate_interval]))
            / (sum by (instance) (rate(wormhole_transit_relayed_bytes_total[$__rate_interval])) / 1e9 > 0.0001)
        """, "{{instance}}")],
    ),
    Panel(
        "Memory", "Resident memory, and how much of it the allocator has in use.", Unit.BYTES,
        [
            Query("sum by (instance) (process_resident_memory_bytes)", "{{instance}} resident"),
            Query("sum by (instance) (process_heap_bytes)", "{{instance}} heap"),
        ],
    ),
    Panel(
        "Descriptors", "Open file descriptors and their limit.", Unit.COUNT,
        [
            Query("sum by (instance) (process_open_fds)", "{{instance}}"),
            Query("sum by (instance) (process_max_fds)", "{{instance}} limit", is_limit=True),
        ],
    ),
    Panel(
        "Threads", "Threads of the operating system.", Unit.COUNT,
        [Query("sum by (instance) (process_threads)", "{{instance}}")],
    ),
    Panel(
        "Event loop lag", "How late timers fire: the first sign of overload.", Unit.SECONDS,
        [Query("""
            histogram_quantile(0.99, sum by (le, instance) (rate(wormhole_event_loop_lag_seconds_bucket[$__rate_interval])))
        """, "p99 {{instance}}")],
        thresholds=[(0.5, Color.RED)],
    ),
    Panel(
        "Heartbeat age", "Time since the event loop that is furthest behind came round, when Prometheus asked. /healthz fails"
        " at 5 s.", Unit.SECONDS,
        # Not of now: Prometheus asks every 15 s or more seldom.
        [Query("""
            max by (instance) (
                timestamp(wormhole_event_loop_heartbeat_timestamp_seconds) - wormhole_event_loop_heartbeat_timestamp_seconds
            )
        """, "{{instance}}")],
        thresholds=[(5, Color.RED)],
    ),
    Panel(
        "Restarts", "Restarts in the hour before each moment.", Unit.COUNT,
        [Query("sum by (instance) (changes(process_start_time_seconds[1h]))", "{{instance}}")],
    ),
    Panel(
        "Version", "Which build and which configuration runs where.", Unit.NONE,
        [
            Query("count by (instance, version, revision) (wormhole_build_info)", "{{instance}} {{version}} {{revision}}"),
            Query("count by (instance, digest) (wormhole_config_info)", "{{instance}} configuration {{digest}}"),
        ],
        kind=Kind.NUMBER, shows_names=True,
    ),
])

ABUSE = Row("Abuse", [
    Panel(
        "Limit hits", "Outcomes that a limit of ours changed.", Unit.PER_SECOND,
        [Query("sum by (limit) (rate(wormhole_limit_hits_total[$__rate_interval]))", "{{limit}}")],
        is_stacked=True,
    ),
    Panel(
        "Rejected by reason", "Connections turned away.", Unit.PER_SECOND,
        [Query("""
            sum by (component, reason) (rate(wormhole_connections_rejected_total[$__rate_interval]))
        """, "{{component}} {{reason}}")],
        is_stacked=True,
    ),
    Panel(
        "Accept failures", "Failures of accept(2). emfile and enfile: there was no descriptor left.", Unit.PER_SECOND,
        [Query("sum by (error) (rate(wormhole_accept_errors_total[$__rate_interval]))", "{{error}}")],
    ),
    Panel(
        "Top-source share", "Share of all open connections held by the busiest client network.", Unit.RATIO,
        [Query("max by (instance) (wormhole_top_source_connections_ratio)", "{{instance}}")],
        maximum=1, thresholds=[(0.5, Color.RED)],
    ),
    Panel(
        "Sources", "Client networks that hold connections; this machine and Unix sockets are not counted.", Unit.COUNT,
        [Query("sum(wormhole_sources_tracked)", "sources")],
    ),
    Panel(
        "Table fill", "How full the tables are that limits are kept with; without a line when one has no bound.",
        Unit.RATIO,
        [Query("""
            max by (table) (wormhole_limit_table_entries / (wormhole_limit_table_capacity > 0))
        """, "{{table}}")],
        maximum=1,
    ),
    Panel(
        "Table evictions", "Entries that tables of limits could not keep because they were full: limits by source are being"
        " outrun.", Unit.PER_SECOND,
        [Query("sum by (table) (rate(wormhole_limit_table_evictions_total[$__rate_interval]))", "{{table}}")],
        width=6, thresholds=[(1, Color.RED)],
    ),
    Panel(
        "Denied ranges", "Ranges of addresses in the list of --deny-file that is in force; 0 without one.", Unit.COUNT,
        [Query("max by (instance) (wormhole_denied_ranges)", "{{instance}}")],
        width=6,
    ),
    Panel(
        "Proof of work", "Leading zero bits demanded of clients, 0 when none is.", Unit.COUNT,
        [Query("max by (instance) (wormhole_mailbox_permission_hashcash_difficulty)", "{{instance}}")],
        width=6,
    ),
    Panel(
        "Permission", "Demands for permission to bind, and what clients answered.", Unit.PER_SECOND,
        [Query("""
            sum by (method, result) (rate(wormhole_mailbox_permission_challenges_total[$__rate_interval]))
        """, "{{method}} {{result}}")],
        width=6,
    ),
])

DATA = Row("Data", [
    Panel(
        "Usage records", "Records handed to each sink, and those that were lost.", Unit.PER_SECOND,
        [Query("""
            sum by (sink, result) (rate(wormhole_usage_records_total[$__rate_interval]))
        """, "{{sink}} {{result}}")],
    ),
    Panel(
        "Queue", "Records that wait for each sink.", Unit.COUNT,
        [Query("sum by (sink) (wormhole_usage_queue_records)", "{{sink}}")],
    ),
    Panel(
        "Last write", "Time since each sink was last written. The database is, once a minute at least.", Unit.SECONDS,
        [Query("max by (sink) (time() - (wormhole_usage_last_write_timestamp_seconds > 0))", "{{sink}}")],
    ),
    Panel(
        "Database calls", "99th percentile of SQLite calls: a slow disk shows here first.", Unit.SECONDS,
        [Query("""
            histogram_quantile(0.99, sum by (le, db, operation) (
                rate(wormhole_db_operation_duration_seconds_bucket[$__rate_interval])
            ))
        """, "{{db}} {{operation}}")],
        width=12,
    ),
    Panel(
        "Database errors", "Failed SQLite calls, by class.", Unit.PER_SECOND,
        [Query("sum by (db, kind) (rate(wormhole_db_errors_total[$__rate_interval]))", "{{db}} {{kind}}")],
        width=12,
    ),
    Panel(
        "Database size", "Sizes of the files.", Unit.BYTES,
        [Query("sum by (db, file) (wormhole_db_size_bytes)", "{{db}} {{file}}")],
        is_stacked=True,
    ),
    Panel(
        "Rows", "Rows in the tables of the usage database.", Unit.COUNT,
        [Query("sum by (table) (wormhole_db_rows)", "{{table}}")],
        is_stacked=True,
    ),
    Panel(
        "Free disk", "Free space where the databases are.", Unit.BYTES,
        [Query("min by (instance) (wormhole_state_filesystem_avail_bytes)", "{{instance}}")],
    ),
    Panel(
        "Oldest record", "When the oldest usage record began, as it is stored.", Unit.DATE,
        [Query("min by (instance) (wormhole_usage_oldest_record_timestamp_seconds > 0) * 1000", "{{instance}}")],
        kind=Kind.NUMBER, width=12, height=4,
    ),
    Panel(
        "Schema", "The version of each database's tables, as the original servers count them.", Unit.NONE,
        [Query("max by (instance, db) (wormhole_db_schema_version)", "{{instance}} {{db}}")],
        kind=Kind.NUMBER, width=12, height=4,
    ),
])

HOUSE_KEEPING = Row("House-keeping", [
    Panel(
        "Age of the last success", "Time since each task last succeeded. Pruning runs every five minutes.", Unit.SECONDS,
        [Query("""
            max by (task) (time() - (wormhole_maintenance_last_success_timestamp_seconds > 0))
        """, "{{task}}")],
    ),
    Panel(
        "Task duration", "How long the last run of each task took.", Unit.SECONDS,
        [Query("max by (task) (wormhole_maintenance_last_duration_seconds)", "{{task}}")],
    ),
    Panel(
        "Failed runs", "Runs of tasks that failed.", Unit.PER_SECOND,
        [Query("""
            sum by (task) (rate(wormhole_maintenance_runs_total{result="failure"}[$__rate_interval]))
        """, "{{task}}")],
    ),
    Panel(
        "Pruned", "What expiry removed.", Unit.PER_SECOND,
        [Query("sum by (kind) (rate(wormhole_mailbox_pruned_total[$__rate_interval]))", "{{kind}}")],
    ),
    Panel(
        "Our own errors", "Errors that are the server's fault and state that should not exist: each is worth a bug"
        " report.", Unit.PER_SECOND,
        [
            Query("sum by (component) (rate(wormhole_internal_errors_total[$__rate_interval]))", "error {{component}}"),
            Query("sum by (check) (rate(wormhole_invariant_violations_total[$__rate_interval]))", "violation {{check}}"),
        ],
    ),
    Panel(
        "Log lines", "Lines of the service's log by level.", Unit.PER_SECOND,
        [Query("sum by (level) (rate(wormhole_log_messages_total[$__rate_interval]))", "{{level}}")],
    ),
    Panel(
        "Lost telemetry", "Log lines lost because their reader was slow, and observations lost because telemetry was"
        " behind.", Unit.PER_SECOND,
        [
            Query("sum by (stream) (rate(wormhole_log_dropped_total[$__rate_interval]))", "log {{stream}}"),
            Query("sum(rate(wormhole_observations_dropped_total[$__rate_interval]))", "observations"),
        ],
    ),
    Panel(
        "Admin requests", "Requests to the admin endpoint.", Unit.PER_SECOND,
        [Query("""
            sum by (path, code) (rate(wormhole_admin_http_requests_total[$__rate_interval]))
        """, "{{path}} {{code}}")],
    ),
    Panel(
        "Admin actions", "Changes made through the admin endpoint in the hour before each moment.", Unit.COUNT,
        [Query("sum by (action) (increase(wormhole_admin_actions_total[1h]))", "{{action}}")],
    ),
    Panel(
        "Scrape cost", "Time to collect the metrics, and the 99th percentile of all admin requests.", Unit.SECONDS,
        [
            Query("max by (instance) (wormhole_metrics_collect_seconds)", "{{instance}} collection"),
            Query("""
                histogram_quantile(0.99, sum by (le) (
                    rate(wormhole_admin_http_request_duration_seconds_bucket[$__rate_interval])
                ))
            """, "p99 request"),
        ],
    ),
    Panel(
        "Reloads", "Times the configuration was read again, by SIGHUP or through the admin endpoint, in the hour before each"
        " moment.", Unit.COUNT,
        [Query("sum by (result) (increase(wormhole_config_reloads_total[1h]))", "{{result}}")],
    ),
    Panel(
        "Last reload", "Whether the configuration in force is the one that was read last. If it is not, the next start would"
        " fail.", Unit.NONE,
        [Query("min by (instance) (wormhole_config_last_reload_successful)", "{{instance}}")],
        kind=Kind.STATES,
        mappings={0: ("failed", Color.RED), 1: ("in force", Color.GREEN)},
    ),
    Panel(
        "Configuration read", "When the configuration in force was read: at the start, or by a reload.", Unit.DATE,
        [Query("max by (instance) (wormhole_config_last_reload_success_timestamp_seconds) * 1000", "{{instance}}")],
        kind=Kind.NUMBER, height=4,
    ),
    Panel(
        "Blur", "The window to which start times in usage records are rounded down; 0: they are exact.", Unit.SECONDS,
        [Query("min by (instance) (wormhole_usage_blur_seconds)", "{{instance}}")],
        kind=Kind.NUMBER, height=4,
    ),
    Panel(
        "Retention", "How long usage records are kept; 0: for ever.", Unit.SECONDS,
        [Query("max by (instance) (wormhole_usage_retention_seconds)", "{{instance}}")],
        kind=Kind.NUMBER, height=4,
    ),
])

DASHBOARD = Dashboard(
    uid="wormhole-ops",
    title="Wormhole server: operations",
    description="What the process takes of its machine, who is turned away, and whether data and tasks are in order.",
    rows=[PROCESS, ABUSE, DATA, HOUSE_KEEPING],
    annotations=MOMENTS,
)
