import Observations
import Telemetry

/// Everything the endpoint answers. Handlers read atomics and snapshots only, and run on the endpoint's one thread.
enum AdminRoutes {
    static let plainText = "text/plain; charset=utf-8"

    static let all: [AdminRoute] = [
        .get(
            "/",
            "What runs here and how it is, for people.",
            contentType: "text/html; charset=utf-8",
            countedAs: .other,
            handler: StatusPage.respond
        ),
        .get(
            "/metrics",
            "The metrics, as Prometheus' text or as OpenMetrics, whichever is preferred; ?scope=mailbox,transit picks parts.",
            contentType: MetricsRoute.textType,
            parameters: ["scope"],
            countedAs: .metrics,
            handler: MetricsRoute.respond
        ),
        .get(
            "/healthz",
            "200 while every event loop turns; 503 naming those that are stuck.",
            contentType: plainText,
            countedAs: .healthz,
            handler: health
        ),
        .get(
            "/readyz",
            "200 when clients should be sent here; ?verbose lists each check.",
            contentType: plainText,
            parameters: ["verbose"],
            countedAs: .readyz,
            handler: readiness
        ),
        .get(
            "/debug/consistency",
            "Checks now whether the state of the services agrees with itself: 200 when it does, 500 with what does not.",
            contentType: plainText,
            countedAs: .debug,
            handler: consistency
        ),
        .get(
            "/version",
            "The running build.",
            contentType: "application/json",
            countedAs: .other,
            handler: version
        ),
    ]

    @Sendable private static func health(_ request: AdminRequest, _ telemetry: Telemetry) -> AdminResponse {
        let stuck = telemetry.heartbeats.stuckLoops()
        return stuck.isEmpty ? .text(200, "ok") : .text(503, "stuck: \(stuck.joined(separator: ", "))")
    }

    @Sendable private static func readiness(_ request: AdminRequest, _ telemetry: Telemetry) -> AdminResponse {
        let isReady = telemetry.state.isReady
        let verdict = isReady ? "ready" : "not ready"
        let lines =
            request.parameters["verbose"] != nil
            ? ["state: \(telemetry.state.lifecycle.rawValue)"] + telemetry.state.checks.map(\.line) + [verdict]
            : [verdict]
        return .text(isReady ? 200 : 503, lines.joined(separator: "\n"))
    }

    /// How long the endpoint's one thread waits for the loops: a stuck one is asked about at `/healthz`.
    private static let longestCheck = Duration.seconds(2)

    @Sendable private static func consistency(_ request: AdminRequest, _ telemetry: Telemetry) -> AdminResponse {
        guard let report = telemetry.consistency.run(upTo: longestCheck) else {
            return .text(503, "the services do not run, or one of their loops does not answer")
        }
        guard !report.findings.isEmpty else { return .text(200, "consistent") }
        return .text(500, report.findings.map { "\($0.check.rawValue): \($0.what)" }.joined(separator: "\n"))
    }

    @Sendable private static func version(_ request: AdminRequest, _ telemetry: Telemetry) -> AdminResponse {
        var object = JSONObject()
        object.add("name", "wormhole-server")
        object.add("version", telemetry.build.version)
        object.add("revision", telemetry.build.revision)
        object.add("swift_version", telemetry.build.swiftVersion)
        return AdminResponse(status: 200, contentType: "application/json", body: object.line)
    }
}

extension ProcessState.Check {
    /// As `/readyz?verbose` shows it.
    var line: String {
        "\(check.rawValue): \(isReady ? "ok" : isAdvisory ? "failed (advisory)" : "failed")"
    }
}
