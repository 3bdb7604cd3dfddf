import Observations

/// The server as its own client.
struct SelfTestMetrics: Sendable {
    let runs: Counter<SelfTestProbe, TaskResult>
    let duration: Histogram<SelfTestProbe>
    let lastSuccess: Gauge<SelfTestProbe>

    /// - Parameter probes: Those that are run in this process.
    init(_ table: inout MetricLayout, probes: Set<SelfTestProbe>) {
        let isRun = { (row: [String]) in probes.contains { $0.rawValue == row[0] } }
        runs = table.counter(
            "wormhole_selftest_runs_total",
            "Tests of the server by itself, through its public listeners.",
            unit: .runs,
            .stable,
            labels: SelfTestProbe.self,
            TaskResult.self,
            shown: isRun
        )
        duration = table.histogram(
            "wormhole_selftest_duration_seconds",
            "Time of a self-test that has succeeded.",
            unit: .seconds,
            bounds: HistogramBounds.fast,
            .stable,
            labels: SelfTestProbe.self,
            shown: isRun
        )
        lastSuccess = table.gauge(
            "wormhole_selftest_last_success_timestamp_seconds",
            "When a self-test last succeeded, 0 before the first.",
            unit: .unixSeconds,
            .stable,
            labels: SelfTestProbe.self,
            shown: isRun
        )
    }
}
