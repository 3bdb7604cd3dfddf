import LinuxIO
import Telemetry
import WormholeWire

/// `/usage`: what happened, hour by hour or day by day, for people without Prometheus. The numbers are those that are kept:
/// blurred, when start times are.
enum UsageRoute {
    static let csvType = "text/csv; charset=utf-8"
    /// Spans of one answer: half a year of hours.
    private static let maximumSpans = 4464

    static let route = AdminRoute(
        method: .get,
        path: "/usage",
        summary:
            "What happened, by hour or by day; the last day by hour unless told otherwise, the latest 4464 spans at most.",
        parameters: [
            .init(name: "from", schema: .integer(0...4_102_444_800), summary: "The start, in seconds since 1970."),
            .init(name: "to", schema: .integer(0...4_102_444_800), summary: "The end, in seconds since 1970."),
            .init(
                name: "step",
                schema: .choice(UsageStep.allCases.map(\.rawValue)),
                summary: "How long a span is; they begin at whole hours or days of UTC."
            ),
            .init(name: "format", schema: .choice(["json", "csv"]), summary: "How it is written; json unless told."),
        ],
        answers: [
            .json(200, schema, "The spans, those without anything included."),
            .init(status: 200, contentType: csvType, summary: "A line for each span."),
            .text(409, "There is no usage database."),
        ],
        metricPath: .usage,
        handler: .later(patience: .seconds(5), respond)
    )

    private static let schema = JSONSchema.object([
        .init("schema", .integer(1...1)), .init("step", .choice(UsageStep.allCases.map(\.rawValue))),
        .init("complete", .boolean), .init("blur_seconds", .count),
        .init("spans", .array(.dictionary(.integer(Int.min...Int.max)))),
    ])

    @Sendable private static func respond(_ call: AdminCall) async throws(AdminRefusal) -> AdminResponse {
        guard let path = call.telemetry.usageDatabasePath else {
            throw AdminRefusal(.conflict, "there is no usage database")
        }
        let step = call.parameters["step"]?.string.flatMap(UsageStep.init) ?? .hour
        let end = call.parameters["to"]?.integer ?? Int(call.telemetry.now)
        let start = call.parameters["from"]?.integer ?? max(0, end - 86_400)
        // The latest, when they are more than one answer holds.
        let first = max(start, end - maximumSpans * step.seconds)
        guard first < end else { return answer([], step, isComplete: true, call) }
        let range = Timestamp(seconds: Double(first))..<Timestamp(seconds: Double(end))
        let spans = try await Self.reading(path) { (history) throws(TelemetryError) in
            try history.series(range, step: step)
        }
        return answer(spans, step, isComplete: first == start, call)
    }

    private static func answer(
        _ spans: [UsageSpan],
        _ step: UsageStep,
        isComplete: Bool,
        _ call: AdminCall
    ) -> AdminResponse {
        if call.parameters["format"]?.string == "csv" { return csv(spans) }
        let rows = spans.map { span in
            JSONValue.object(
                [.init("start", .integer(Int(span.start.seconds)))]
                    + UsageTotals.names.map { .init($0, .integer(span.totals[$0])) }
            )
        }
        return .json(
            200,
            [
                "schema": 1, "step": .string(step.rawValue), "complete": .bool(isComplete),
                "blur_seconds": .integer(call.telemetry.blurSeconds), "spans": .array(rows),
            ]
        )
    }

    private static func csv(_ spans: [UsageSpan]) -> AdminResponse {
        let names = UsageTotals.names
        var text = (["start"] + names).joined(separator: ",") + "\n"
        for span in spans {
            let cells = [String(Int(span.start.seconds))] + names.map { String(span.totals[$0]) }
            text += cells.joined(separator: ",") + "\n"
        }
        return AdminResponse(status: 200, contentType: csvType, body: Array(text.utf8))
    }

    /// Asks the database on a thread of its own, for a lock may be waited for.
    static func reading<Value: Sendable>(
        _ path: String,
        _ body: @escaping @Sendable (UsageHistory) throws(TelemetryError) -> Value
    ) async throws(AdminRefusal) -> Value {
        let result: Result<Value, AdminRefusal> = await withCheckedContinuation { continuation in
            do throws(ErrorNumber) {
                try ServiceThread.start(name: "usage-reader") {
                    do throws(TelemetryError) {
                        continuation.resume(returning: .success(try body(try UsageHistory(path: path))))
                    } catch {
                        continuation.resume(returning: .failure(AdminRefusal(.unavailable, error.description)))
                    }
                }
            } catch {
                continuation.resume(returning: .failure(AdminRefusal(.unavailable, "no thread for it: \(error)")))
            }
        }
        return try result.get()
    }
}
