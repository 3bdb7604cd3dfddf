import Observations
import Telemetry

/// Everything the endpoint answers.
enum AdminRoutes {
    static let all: [AdminRoute] = observing + showing + debugging + changing

    /// For monitors, and the page for people.
    private static let observing: [AdminRoute] = [
        StatusPage.route,
        HistoryPage.route,
        AdminRoute(
            method: .get,
            path: "/metrics",
            summary: "The metrics, as Prometheus' text or as OpenMetrics, whichever is preferred.",
            parameters: [
                .init(
                    name: "scope",
                    schema: .words(MetricFamily.Section.allCases.map(\.rawValue)),
                    summary: "Parts of the table, such as mailbox,transit."
                )
            ],
            answers: [
                .init(status: 200, contentType: MetricsRoute.textType, summary: "The metrics."),
                .init(status: 200, contentType: MetricsRoute.openMetricsType, summary: "The metrics."),
                .text(400, "There is no such part."),
            ],
            metricPath: .metrics,
            handler: .now(MetricsRoute.respond)
        ),
        health("/healthz"),
        health("/livez"),
        AdminRoute(
            method: .get,
            path: "/readyz",
            summary: "Whether clients should be sent here.",
            parameters: [
                .init(name: "verbose", schema: .anyString, summary: "Lists each check."),
                .init(
                    name: "exclude",
                    schema: .choice(ReadinessCheck.allCases.map(\.rawValue)),
                    summary: "A check that is not to count."
                ),
            ],
            answers: [.text(200, "They should."), .text(503, "They should not.")],
            metricPath: .readyz,
            handler: .now(readiness)
        ),
        AdminRoute(
            method: .get,
            path: "/version",
            summary: "The running build.",
            answers: [.json(200, versionSchema, "The build.")],
            metricPath: .other,
            handler: .now(version)
        ),
        AdminRoute(
            method: .get,
            path: "/openapi.json",
            summary: "This interface, as OpenAPI.",
            answers: [.json(200, .any, "A document of OpenAPI 3.1.")],
            metricPath: .other,
            handler: .now { _ in .json(200, OpenAPI.document) }
        ),
    ]

    private static func health(_ path: String) -> AdminRoute {
        AdminRoute(
            method: .get,
            path: path,
            summary: "Whether every event loop turns.",
            answers: [.text(200, "All do."), .text(503, "The names of those that are stuck.")],
            metricPath: .healthz,
            handler: .now { call in
                let stuck = call.telemetry.heartbeats.stuckLoops()
                return stuck.isEmpty ? .text(200, "ok") : .text(503, "stuck: \(stuck.joined(separator: ", "))")
            }
        )
    }

    @Sendable private static func readiness(_ call: AdminCall) -> AdminResponse {
        let state = call.telemetry.state
        let excluded = call.parameters["exclude"]?.string
        let counting = state.checks.filter { $0.check.rawValue != excluded }
        let isReady = state.lifecycle == .ready && counting.allSatisfy { $0.isReady || $0.isAdvisory }
        let verdict = isReady ? "ready" : "not ready"
        let lines =
            call.parameters["verbose"] != nil
            ? ["state: \(state.lifecycle.rawValue)"] + counting.map(\.line) + [verdict]
            : [verdict]
        return .text(isReady ? 200 : 503, lines.joined(separator: "\n"))
    }

    private static let versionSchema = JSONSchema.object([
        .init("name", .anyString), .init("version", .anyString), .init("revision", .anyString),
        .init("swift_version", .anyString),
    ])

    @Sendable private static func version(_ call: AdminCall) -> AdminResponse {
        .json(
            200,
            [
                "name": "wormhole-server", "version": .string(call.telemetry.build.version),
                "revision": .string(call.telemetry.build.revision),
                "swift_version": .string(call.telemetry.build.swiftVersion),
            ]
        )
    }
}

extension ProcessState.Check {
    /// As `/readyz?verbose` shows it.
    var line: String { "\(check.rawValue): \(words)" }

    var words: String { isReady ? "ok" : isAdvisory ? "failed (advisory)" : "failed" }
}
