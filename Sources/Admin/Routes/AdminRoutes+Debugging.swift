import LinuxIO
import Observations
import Telemetry
import WormholeWire

/// A closer look, for the one who looks into something now.
extension AdminRoutes {
    static let debugging: [AdminRoute] = [
        AdminRoute(
            method: .get,
            path: "/debug/connections",
            summary: "Every open connection and pair: never where it comes from or what it exchanges.",
            answers: [.json(200, connectionsSchema, "The connections, the oldest first.")],
            tellsMoments: true,
            metricPath: .debug,
            handler: .later(patience: AdminRoute.patience) { (call) async throws(AdminRefusal) in
                let connections = try await call.subject.connections().sorted { $0.age > $1.age }
                return .json(
                    200,
                    [
                        "count": .integer(connections.count),
                        "connections": .array(connections.prefix(maximumConnections).map(\.json)),
                    ]
                )
            }
        ),
        AdminRoute(
            method: .get,
            path: "/debug/traffic",
            summary: "Who moves most, again and again: a line of JSON for each interval.",
            parameters: [
                .init(name: "samples", schema: .integer(1...1000), summary: "Lines until the end; 30 unless told."),
                .init(name: "interval", schema: .integer(1...60), summary: "Seconds of a line; 2 unless told."),
            ],
            answers: [.init(status: 200, contentType: trafficType, summary: "Lines of JSON.")],
            tellsMoments: true,
            metricPath: .debug,
            handler: .stream(traffic)
        ),
        AdminRoute(
            method: .get,
            path: "/debug/consistency",
            summary: "Checks now whether the state of the services agrees with itself.",
            answers: [.text(200, "It does."), .text(500, "What does not.")],
            metricPath: .debug,
            handler: .later(patience: AdminRoute.patience, consistency)
        ),
        AdminRoute(
            method: .get,
            path: "/debug/loops",
            summary: "How long ago each event loop came round, and what waits.",
            answers: [.text(200, "A line for each.")],
            metricPath: .debug,
            handler: .now(loops)
        ),
        AdminRoute(
            method: .get,
            path: "/debug/memory",
            summary: "What the allocator says of the heap, and the kernel of the process.",
            answers: [.text(200, "A line for each figure.")],
            metricPath: .debug,
            handler: .now { _ in .text(200, MemoryReport.lines.joined(separator: "\n")) }
        ),
    ]

    /// Connections of one answer; the count tells of more.
    private static let maximumConnections = 20_000

    private static let connectionsSchema = JSONSchema.object([
        .init("count", .count),
        .init(
            "connections",
            .array(
                .object([
                    .init("id", .anyString),
                    .init("component", .choice(AdminConnection.Component.allCases.map(\.rawValue))),
                    .init("state", .anyString), .init("age_seconds", .number), .init("bytes", .nullable(.count)),
                    .init("bytes_in", .nullable(.count)), .init("bytes_out", .nullable(.count)),
                ])
            )
        ),
    ])

    @Sendable private static func consistency(_ call: AdminCall) async throws(AdminRefusal) -> AdminResponse {
        guard let report = await call.telemetry.consistency.run() else {
            throw AdminRefusal(.unavailable, "the services do not run")
        }
        guard !report.findings.isEmpty else { return .text(200, "consistent") }
        return .text(500, report.findings.map { "\($0.check.rawValue): \($0.what)" }.joined(separator: "\n"))
    }

    @Sendable private static func loops(_ call: AdminCall) -> AdminResponse {
        let loops = call.telemetry.heartbeats.ages.map { loop in
            let stuck = loop.age > LoopHeartbeats.limit ? " stuck" : ""
            return "loop \(loop.name): came round \(milliseconds(loop.age)) ms ago\(stuck)"
        }
        let queues = ["db", "log_fd"].map { sink in
            "queue usage \(sink): \(Int(call.telemetry.total(of: "wormhole_usage_queue_records", label: sink))) records"
        }
        let dropped = Int(call.telemetry.total(of: "wormhole_observations_dropped_total"))
        return .text(200, (loops + queues + ["observations dropped: \(dropped)"]).joined(separator: "\n"))
    }

    private static func milliseconds(_ duration: Duration) -> Int { Int(duration.seconds * 1000) }

    // MARK: Traffic

    private static let trafficType = "application/jsonl; charset=utf-8"
    /// Connections of one line.
    private static let talkers = 10

    @Sendable private static func traffic(_ call: AdminCall) -> AdminStream {
        let stream = AdminStream(contentType: trafficType)
        let samples = call.parameters["samples"]?.integer ?? 30
        let interval = call.parameters["interval"]?.integer ?? 2
        stream.start { stream in
            var before = await counted(call.subject)
            for _ in 0..<samples {
                guard (try? await Task.sleep(for: .seconds(interval))) != nil else { return }
                let now = await counted(call.subject)
                stream.send(Array((line(from: before, to: now, seconds: interval).text + "\n").utf8))
                before = now
            }
        }
        return stream
    }

    /// Those that are counted by connection, by their ids; none while the services do not answer.
    private static func counted(_ subject: any AdminSubject) async -> [String: AdminConnection] {
        // `try?`: a line without anybody in it says as much.
        let connections = (try? await subject.connections()) ?? []
        return Dictionary(connections.filter { $0.bytes != nil }.map { ($0.id, $0) }) { $1 }
    }

    private static func line(
        from before: [String: AdminConnection],
        to now: [String: AdminConnection],
        seconds: Int
    ) -> JSONValue {
        let moved = now.values.map { $0.moved(since: before[$0.id]) }.filter { ($0.bytes ?? 0) > 0 }
        let top = moved.sorted { ($0.bytes ?? 0, $1.id) > ($1.bytes ?? 0, $0.id) }.prefix(talkers)
        return [
            "connections": .integer(now.count), "seconds": .integer(seconds),
            "bytes": .integer(Int(clamping: moved.reduce(0) { $0 &+ ($1.bytes ?? 0) })),
            "top": .array(top.map(\.talk)),
        ]
    }
}

extension AdminConnection {
    fileprivate var json: JSONValue {
        [
            "id": .string(id), "component": .string(component.rawValue), "state": .string(state),
            "age_seconds": .number((age.seconds * 1000).rounded() / 1000),
            "bytes": Self.json(bytes), "bytes_in": Self.json(bytesReceived), "bytes_out": Self.json(bytesSent),
        ]
    }

    /// As a line of `/debug/traffic` names it.
    fileprivate var talk: JSONValue {
        [
            "id": .string(id), "component": .string(component.rawValue), "bytes": Self.json(bytes),
            "bytes_in": Self.json(bytesReceived), "bytes_out": Self.json(bytesSent),
        ]
    }

    /// The same with the payload since an earlier look.
    fileprivate func moved(since before: AdminConnection?) -> AdminConnection {
        func difference(_ path: KeyPath<AdminConnection, UInt64?>) -> UInt64? {
            self[keyPath: path].map { $0 &- min(before?[keyPath: path] ?? 0, $0) }
        }
        return AdminConnection(
            id: id,
            component: component,
            state: state,
            age: age,
            bytes: difference(\.bytes),
            bytesReceived: difference(\.bytesReceived)
        )
    }

    private static func json(_ bytes: UInt64?) -> JSONValue { bytes.map { .integer(Int(clamping: $0)) } ?? .null }

    /// The part of the payload that was for the client.
    fileprivate var bytesSent: UInt64? { bytesReceived.flatMap { received in bytes.map { $0 &- min(received, $0) } } }
}
