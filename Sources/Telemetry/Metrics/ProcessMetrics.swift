import Observations

/// The process: its build, what it takes of the machine, and where it is in its life.
struct ProcessMetrics: Sendable {
    let cpuSeconds: Counter<>
    let residentBytes: Gauge<>
    let virtualBytes: Gauge<>
    let virtualLimitBytes: Gauge<>
    let heapBytes: Gauge<>
    let openDescriptors: Gauge<>
    let descriptorLimit: Gauge<>
    let threads: Gauge<>
    let startTime: Gauge<>
    let state: Gauge<LifecycleState>
    let componentReady: Gauge<ReadinessCheck>
    let drainStarted: Gauge<>
    let drainRemaining: Gauge<Component>
    let reloads: Counter<TaskResult>
    let lastReloadSuccessful: Gauge<>
    let lastReloadSuccess: Gauge<>
    let loopLag: Histogram<>
    let loopHeartbeat: Gauge<>
    let internalErrors: Counter<InternalErrorSource>
    let invariantViolations: Counter<InvariantCheck>
    let maintenanceRuns: Counter<MaintenanceTask, TaskResult>
    let maintenanceLastSuccess: Gauge<MaintenanceTask>
    let maintenanceLastDuration: Gauge<MaintenanceTask>
    let observationsDropped: Counter<>

    init(_ table: inout MetricLayout, _ configuration: TelemetryConfiguration) {
        let build = configuration.build
        let checks = configuration.allChecks
        let tasks = configuration.allTasks
        table.information(
            "wormhole_build_info",
            "The running build; always 1.",
            ["version": build.version, "revision": build.revision, "swift_version": build.swiftVersion]
        )
        table.information(
            "wormhole_config_info",
            "A short hash of the configuration in force; always 1.",
            ["digest": configuration.configurationDigest]
        )
        cpuSeconds = table.counter(
            "process_cpu_seconds_total",
            "User and system CPU time taken by the process.",
            unit: .seconds,
            .stable
        )
        residentBytes = table.gauge(
            "process_resident_memory_bytes",
            "Memory of the process that is in RAM.",
            unit: .bytes,
            .stable
        )
        virtualBytes = table.gauge(
            "process_virtual_memory_bytes",
            "Address space of the process.",
            unit: .bytes,
            .stable
        )
        virtualLimitBytes = table.gauge(
            "process_virtual_memory_max_bytes",
            "Limit on the address space, -1 when there is none.",
            unit: .bytes,
            .detail
        )
        heapBytes = table.gauge(
            "process_heap_bytes",
            "Memory the allocator has lent out.",
            unit: .bytes,
            .stable
        )
        openDescriptors = table.gauge(
            "process_open_fds",
            "Open file descriptors.",
            unit: .descriptors,
            .stable
        )
        descriptorLimit = table.gauge(
            "process_max_fds",
            "Limit on open file descriptors.",
            unit: .descriptors,
            .stable
        )
        threads = table.gauge("process_threads", "Threads of the operating system.", unit: .threads, .stable)
        startTime = table.gauge(
            "process_start_time_seconds",
            "When the process started.",
            unit: .unixSeconds,
            .stable
        )
        state = table.gauge(
            "wormhole_server_state",
            "Where the process is in its life; exactly one state is 1.",
            unit: .flag,
            .stable,
            labels: LifecycleState.self
        )
        componentReady = table.gauge(
            "wormhole_component_ready",
            "The checks behind /readyz, one by one; parts that are not configured are absent.",
            unit: .flag,
            .stable,
            labels: ReadinessCheck.self,
            shown: { row in checks.contains { [$0.rawValue] == row } }
        )
        drainStarted = table.gauge(
            "wormhole_drain_started_timestamp_seconds",
            "When draining began, 0 while not draining.",
            unit: .unixSeconds,
            .stable
        )
        drainRemaining = table.gauge(
            "wormhole_drain_remaining",
            "Connections or pairs still to finish before the process exits.",
            unit: .sessions,
            .detail,
            labels: Component.self
        )
        reloads = table.counter(
            "wormhole_config_reloads_total",
            "Reloads, by SIGHUP or through the admin endpoint.",
            unit: .reloads,
            .stable,
            labels: TaskResult.self
        )
        lastReloadSuccessful = table.gauge(
            "wormhole_config_last_reload_successful",
            "Whether the last reload took effect; 1 before the first.",
            unit: .flag,
            .stable
        )
        lastReloadSuccess = table.gauge(
            "wormhole_config_last_reload_success_timestamp_seconds",
            "When the configuration was last read, at the start or by a reload.",
            unit: .unixSeconds,
            .stable
        )
        loopLag = table.histogram(
            "wormhole_event_loop_lag_seconds",
            "How late timers fired on the event loops.",
            unit: .seconds,
            bounds: HistogramBounds.loop,
            .stable
        )
        loopHeartbeat = table.gauge(
            "wormhole_event_loop_heartbeat_timestamp_seconds",
            "When the event loop that is furthest behind last came round, 0 without loops.",
            unit: .unixSeconds,
            .stable
        )
        internalErrors = table.counter(
            "wormhole_internal_errors_total",
            "Errors that are the server's own fault, caught and logged.",
            unit: .errors,
            .stable,
            labels: InternalErrorSource.self
        )
        invariantViolations = table.counter(
            "wormhole_invariant_violations_total",
            "State that should not exist, found by the check that runs in the background.",
            unit: .violations,
            .stable,
            labels: InvariantCheck.self
        )
        let showsTask = { (row: [String]) in tasks.contains { $0.rawValue == row[0] } }
        maintenanceRuns = table.counter(
            "wormhole_maintenance_runs_total",
            "Runs of the tasks that run by the clock.",
            unit: .runs,
            .stable,
            labels: MaintenanceTask.self,
            TaskResult.self,
            shown: showsTask
        )
        maintenanceLastSuccess = table.gauge(
            "wormhole_maintenance_last_success_timestamp_seconds",
            "When each task last succeeded.",
            unit: .unixSeconds,
            .stable,
            labels: MaintenanceTask.self,
            shown: showsTask
        )
        maintenanceLastDuration = table.gauge(
            "wormhole_maintenance_last_duration_seconds",
            "How long the last run of each task took.",
            unit: .seconds,
            .stable,
            labels: MaintenanceTask.self,
            shown: showsTask
        )
        observationsDropped = table.counter(
            "wormhole_observations_dropped_total",
            "Observations lost because telemetry was behind: the other metrics miss as many events.",
            unit: .observations,
            .stable
        )
    }
}
