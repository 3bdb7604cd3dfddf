/// What metrics show when privacy is strict: whatever a client can move stands still until the window is over.
///
/// A gauge that rises when somebody comes tells the moment to whoever reads it every second, as exactly as a time would.
/// So the families have storage of their own for what is shown, which follows the numbers at window ends.
struct HeldMetrics: Sendable {
    /// Families that clients do not move, by name: facts, the life of the process, its clocks, and the operator's own
    /// requests. Any other is held, new ones included.
    static let live: Set = [
        "wormhole_build_info", "wormhole_config_info", "process_start_time_seconds", "process_max_fds",
        "process_virtual_memory_max_bytes",
        "wormhole_server_state", "wormhole_component_ready", "wormhole_drain_started_timestamp_seconds",
        "wormhole_drain_remaining", "wormhole_event_loop_heartbeat_timestamp_seconds",
        "wormhole_maintenance_runs_total", "wormhole_invariant_violations_total",
        "wormhole_maintenance_last_success_timestamp_seconds", "wormhole_maintenance_last_duration_seconds",
        "wormhole_usage_blur_seconds", "wormhole_usage_retention_seconds",
        "wormhole_usage_last_write_timestamp_seconds", "wormhole_db_schema_version",
        "wormhole_admin_http_requests_total", "wormhole_admin_http_request_duration_seconds",
        "wormhole_metrics_collect_seconds", "wormhole_metrics_collect_errors_total", "wormhole_config_info",
        "wormhole_connections_limit", "wormhole_mailbox_stored_limit_bytes", "wormhole_transit_buffer_limit_bytes",
        "wormhole_transit_rate_limit_bytes_per_second", "wormhole_limit_table_capacity", "wormhole_denied_ranges",
        "wormhole_selftest_runs_total",
        "wormhole_selftest_duration_seconds", "wormhole_selftest_last_success_timestamp_seconds",
    ]

    /// The families as they are shown.
    let families: [MetricFamily]
    private let held: [(now: MetricCells, shown: MetricCells)]

    init(_ families: [MetricFamily]) {
        var held: [(now: MetricCells, shown: MetricCells)] = []
        self.families = families.map { family in
            guard !Self.live.contains(family.name) else { return family }
            let shown = MetricCells(count: family.cells.count)
            held.append((family.cells, shown))
            return family.with(shown)
        }
        self.held = held
    }

    /// Shows the numbers of now. By one thread.
    func publish() {
        for (now, shown) in held {
            for index in 0..<now.count { shown.store(index, now.load(index)) }
        }
    }
}
