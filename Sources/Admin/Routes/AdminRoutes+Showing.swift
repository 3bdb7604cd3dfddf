import Telemetry

/// What the process is, and what it was told.
extension AdminRoutes {
    static let showing: [AdminRoute] = [
        AdminRoute(
            method: .get,
            path: "/status",
            summary: "State, limits, rates and totals in one answer.",
            answers: [.json(200, StatusReport.schema, "The status.")],
            metricPath: .status,
            handler: .later(patience: AdminRoute.patience) { (call) async throws(AdminRefusal) in
                .json(200, StatusReport(call, totals: await UsageRecently(call)).json)
            }
        ),
        UsageRoute.route,
        AdminRoute(
            method: .get,
            path: "/config",
            summary: "The configuration in force, and where each value comes from; secrets are left out.",
            answers: [.json(200, configurationSchema, "The settings by the names of their options.")],
            metricPath: .other,
            handler: .now(configuration)
        ),
        AdminRoute(
            method: .get,
            path: "/limits",
            summary: "The limits in force, and where each comes from; 0 stands for none.",
            answers: [.json(200, limitsSchema, "The limits by the names of their options.")],
            metricPath: .other,
            handler: .now { .json(200, limits($0.subject)) }
        ),
    ]

    private static let configurationSchema = JSONSchema.object([
        .init("schema", .integer(1...1)), .init("digest", .anyString),
        .init(
            "settings",
            .dictionary(
                .object([
                    .init("value", .any), .init("origin", .choice(AdminSetting.Origin.allCases.map(\.rawValue))),
                ])
            )
        ),
    ])

    @Sendable private static func configuration(_ call: AdminCall) -> AdminResponse {
        let settings = call.subject.settings().map { setting in
            JSONValue.Member(
                setting.name,
                ["value": setting.value, "origin": .string(setting.origin.rawValue)]
            )
        }
        return .json(
            200,
            ["schema": 1, "digest": .string(call.telemetry.configurationDigest), "settings": .object(settings)]
        )
    }

    static let limitsSchema = JSONSchema.object([
        .init("schema", .integer(1...1)),
        .init(
            "limits",
            .dictionary(
                .object([
                    .init("value", .number), .init("unit", .anyString), .init("changeable", .boolean),
                    .init("origin", .choice(AdminSetting.Origin.allCases.map(\.rawValue))),
                ])
            )
        ),
    ])

    static func limits(_ subject: any AdminSubject) -> JSONValue {
        let limits = subject.limits().map { limit in
            JSONValue.Member(
                limit.name,
                [
                    "value": limit.json, "unit": .string(limit.unit), "changeable": .bool(limit.isChangeable),
                    "origin": .string(limit.origin.rawValue),
                ]
            )
        }
        return ["schema": 1, "limits": .object(limits)]
    }
}
