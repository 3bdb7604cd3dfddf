import WormholeWire

/// The admin endpoint itself. Its listeners' threads take turns in writing.
package struct AdminMetrics: Sendable {
    let requests: Counter<AdminPath, StatusClass>
    let duration: Histogram<>
    let actions: Counter<AdminAction>
    let collectSeconds: Gauge<>
    let collectErrors: Counter<>

    init(_ table: inout MetricLayout) {
        requests = table.counter(
            "wormhole_admin_http_requests_total",
            "Requests to the admin endpoint.",
            unit: .requests,
            .stable,
            labels: AdminPath.self,
            StatusClass.self
        )
        duration = table.histogram(
            "wormhole_admin_http_request_duration_seconds",
            "Time to answer an admin request.",
            unit: .seconds,
            bounds: HistogramBounds.fast,
            .stable
        )
        actions = table.counter(
            "wormhole_admin_actions_total",
            "Changes made through the admin endpoint.",
            unit: .actions,
            .stable,
            labels: AdminAction.self
        )
        collectSeconds = table.gauge(
            "wormhole_metrics_collect_seconds",
            "Time taken by the last collection of these metrics.",
            unit: .seconds,
            .stable
        )
        collectErrors = table.counter(
            "wormhole_metrics_collect_errors_total",
            "Figures that could not be collected.",
            unit: .errors,
            .detail
        )
    }

    /// A change was made.
    package func acted(_ action: AdminAction) { actions.add(1, action) }

    /// An admin request was answered.
    package func requestFinished(_ path: AdminPath, status: Int, duration: Duration) {
        requests.add(1, path, StatusClass(status: status))
        self.duration.observe(duration.seconds)
    }
}
