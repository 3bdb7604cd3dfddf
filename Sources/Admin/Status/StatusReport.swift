import Observations
import Telemetry
import WormholeWire

/// What `/status` tells, and the page for people shows.
struct StatusReport {
    let json: JSONValue

    /// - Parameter totals: What the usage database says; `nil` when it was not asked.
    init(_ call: AdminCall, totals: UsageRecently? = nil) {
        let telemetry = call.telemetry
        telemetry.refreshSampled()
        let checks = telemetry.state.checks
        let drainStarted = telemetry.total(of: "wormhole_drain_started_timestamp_seconds")
        let started = telemetry.total(of: "process_start_time_seconds")
        json = [
            "schema": 1,
            "version": .string(telemetry.build.version),
            "revision": .string(telemetry.build.revision),
            "config_digest": .string(telemetry.configurationDigest),
            "started": .number(started),
            "uptime_seconds": .number(max(0, telemetry.now - started).rounded()),
            "state": .string(telemetry.state.lifecycle.rawValue),
            "ready": .bool(telemetry.state.isReady),
            "checks": .object(checks.map { .init($0.check.rawValue, .string($0.words)) }),
            "stuck_loops": .array(telemetry.heartbeats.stuckLoops().map { .string($0) }),
            "drain_started": drainStarted > 0 ? .number(drainStarted) : .null,
            "present": [
                "mailbox_connections": .integer(Int(telemetry.total(of: "wormhole_connections", label: "mailbox"))),
                "transit_pairs": .integer(Int(telemetry.total(of: "wormhole_transit_active_sessions"))),
            ],
            "rates": .object(
                RateSampler.spans.map { span in
                    .init(span.name, Self.named(call.rates.rates(over: span.seconds)) ?? .null)
                }
            ),
            "since_start": Self.named(
                RateSampler.subjects.map { telemetry.total(of: $0.family, label: $0.label) }
            ) ?? .null,
            "totals": totals?.json ?? .null,
            "blur_seconds": .integer(telemetry.blurSeconds),
            "retention_seconds": telemetry.retentionSeconds.map { .integer($0) } ?? .null,
            "limits": .object(call.subject.limits().map { .init($0.name, $0.json) }),
        ]
    }

    private static func named(_ values: [Double]?) -> JSONValue? {
        values.map { values in
            .object(zip(RateSampler.subjects, values).map { .init($0.name, .number(($1 * 1000).rounded() / 1000)) })
        }
    }

    private static let figures = JSONSchema.object(RateSampler.subjects.map { .init($0.name, .number) })

    static let schema = JSONSchema.object([
        .init("schema", .integer(1...1)), .init("version", .anyString), .init("revision", .anyString),
        .init("config_digest", .anyString), .init("started", .number), .init("uptime_seconds", .number),
        .init("state", .choice(LifecycleState.allCases.map(\.rawValue))), .init("ready", .boolean),
        .init("checks", .dictionary(.anyString)), .init("stuck_loops", .array(.anyString)),
        .init("drain_started", .nullable(.number)),
        .init("present", .object([.init("mailbox_connections", .count), .init("transit_pairs", .count)])),
        .init("rates", .object(RateSampler.spans.map { .init($0.name, .nullable(figures)) })),
        .init("since_start", figures), .init("totals", .nullable(UsageRecently.schema)), .init("blur_seconds", .count),
        .init("retention_seconds", .nullable(.count)),
        .init("limits", .dictionary(.number)),
    ])
}
