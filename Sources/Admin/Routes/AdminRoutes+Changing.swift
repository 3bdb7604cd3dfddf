import Observations
import Telemetry

/// Changes. Each is asked of the services' own loops, which are not waited for longer than a moment.
extension AdminRoutes {
    static let changing: [AdminRoute] = [
        AdminRoute(
            method: .put,
            path: "/limits",
            summary: """
                Puts limits in force until the process ends or, with "persist": true, for good: all that are named, or none. \
                0 is no limit; null is what the process was started with, and persisted it forgets a value that was kept. \
                With "reset": true, all that are not named become null first. What is kept is in limits.json of the state folder.
                """,
            body: limitChangeSchema,
            answers: [
                .json(200, limitsSchema, "All limits."),
                .text(409, "The process starts or stops, or has no state folder to keep them in."),
                .text(422, "There is no such limit, or it cannot be changed while the process runs, and why."),
            ],
            metricPath: .control,
            action: .setLimits,
            // A disk may take its time.
            handler: .later(patience: .seconds(10), setLimits)
        ),
        AdminRoute(
            method: .post,
            path: "/drain",
            summary:
                "Lets nobody new in and takes the process out of /readyz; it goes on, and serves those who are in.",
            parameters: [
                .init(
                    name: "deadline",
                    schema: .integer(0...31_536_000),
                    summary: "Ends those who are still in after so many seconds."
                )
            ],
            body: .object([]),
            answers: [.json(202, drainSchema, "What is left."), .text(409, "The process starts or stops.")],
            metricPath: .control,
            action: .drain,
            handler: .later(patience: AdminRoute.patience) { (call) async throws(AdminRefusal) in
                let deadline = call.parameters["deadline"]?.integer
                try await call.subject.drain(within: deadline.map { .seconds($0) })
                return drained(call, .draining, note: deadline.map { "ends those who are in after \($0) s" })
            }
        ),
        AdminRoute(
            method: .post,
            path: "/undrain",
            summary: "Lets clients in again.",
            body: .object([]),
            answers: [.json(202, drainSchema, "What there is."), .text(409, "The process starts or stops.")],
            metricPath: .control,
            action: .undrain,
            handler: .later(patience: AdminRoute.patience) { (call) async throws(AdminRefusal) in
                try await call.subject.undrain()
                return drained(call, .ready, note: nil)
            }
        ),
        AdminRoute(
            method: .post,
            path: "/reload",
            summary:
                "Reads the files that options name again, as SIGHUP does: all of them or, when one is wrong, none.",
            body: .object([]),
            answers: [
                .json(200, .object([.init("read", .array(.anyString))]), "What was read."),
                .text(409, "The process starts or stops."), .text(422, "What is wrong, and in which file."),
            ],
            metricPath: .control,
            action: .reload,
            handler: .later(patience: .seconds(10)) { (call) async throws(AdminRefusal) in
                let read = try await call.subject.reload()
                return .json(200, ["read": .array(read.map { .string($0) })])
            }
        ),
        AdminRoute(
            method: .post,
            path: "/denylist/reload",
            summary:
                "Reads the lists of --allow-file and --deny-file again, both or, when one is wrong, neither. Those who are in stay.",
            body: .object([]),
            answers: [
                .done("They are in force."), .text(409, "No option names a list."),
                .text(422, "What is wrong, and in which line of which file."),
            ],
            metricPath: .control,
            action: .reload,
            handler: .later(patience: .seconds(10)) { (call) async throws(AdminRefusal) in
                .done(try await call.subject.reloadAccess().joined(separator: ", "))
            }
        ),
        welcome("/motd", .messageOfTheDay, .setMessageOfTheDay, "What users are shown; null for nothing."),
        welcome(
            "/signal-error",
            .error,
            .setErrorSignal,
            "Makes every new client quit with this text; null ends that."
        ),
        welcome(
            "/advertise-version",
            .currentVersion,
            .setAdvertisedVersion,
            "The client version that is current; null for none."
        ),
        AdminRoute(
            method: .post,
            path: "/backup",
            summary:
                "Copies the databases into the state folder, while they are in use, over the copies of the last time.",
            body: .object([]),
            answers: [
                .json(200, .object([.init("copies", .array(.anyString))]), "The paths of the copies."),
                .text(409, "One is being made, or there is nothing to copy."),
            ],
            metricPath: .control,
            action: .backup,
            handler: .later(patience: .seconds(600)) { (call) async throws(AdminRefusal) in
                let copies = try await call.subject.backUp()
                var response = AdminResponse.json(200, ["copies": .array(copies.map { .string($0) })])
                response.note = copies.joined(separator: ", ")
                return response
            }
        ),
        AdminRoute(
            method: .put,
            path: "/log-level",
            summary: "Changes which messages the log shows; the level of the start comes back by itself.",
            body: .object([
                .init("level", .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"])),
                .init("seconds", .integer(1...86_400), isRequired: false),
            ]),
            answers: [.done("Changed, for the seconds told or ten minutes.")],
            metricPath: .control,
            action: .setLogLevel,
            handler: .later(patience: AdminRoute.patience) { (call) async throws(AdminRefusal) in
                let level = call.body["level"]?.string ?? "info"
                let seconds = call.body["seconds"]?.integer ?? 600
                try call.subject.change(logLevel: level, for: .seconds(seconds))
                return .done("\(level) for \(seconds) s")
            }
        ),
        AdminRoute(
            method: .post,
            path: "/debug/kick",
            summary: "Ends one connection, or pair, of /debug/connections.",
            parameters: [
                .init(name: "id", schema: .string(maximumLength: 64), summary: "Which.", isRequired: true)
            ],
            body: .object([]),
            answers: [.done("It ends."), .text(404, "There is none of this id.")],
            metricPath: .debug,
            action: .kick,
            handler: .later(patience: AdminRoute.patience) { (call) async throws(AdminRefusal) in
                let id = call.parameters["id"]?.string ?? ""
                guard try await call.subject.kick(id) else {
                    throw AdminRefusal(.unknown, "there is no connection of this id")
                }
                return .done(id)
            }
        ),
    ]

    /// - Parameter summary: What the text is for.
    private static func welcome(
        _ path: String,
        _ part: AdminWelcomePart,
        _ action: AdminAction,
        _ summary: String
    ) -> AdminRoute {
        AdminRoute(
            method: .put,
            path: path,
            summary: "\(summary) Clients that are connected already are told nothing.",
            body: .object([.init("text", .nullable(.string(maximumLength: 4096)))]),
            answers: [.done("Changed."), .text(409, "There is no mailbox server in this process.")],
            metricPath: .control,
            action: action,
            handler: .later(patience: AdminRoute.patience) { (call) async throws(AdminRefusal) in
                let text = call.body["text"]?.string
                try await call.subject.change(part, to: text)
                return .done(text == nil ? "removed" : "changed")
            }
        )
    }

    @Sendable private static func setLimits(_ call: AdminCall) async throws(AdminRefusal) -> AdminResponse {
        guard case .object(let members) = call.body else { throw AdminRefusal(.unacceptable, "no limits are named") }
        let named = members.filter { AdminLimit.maximum(of: $0.name) != nil }
        let change = AdminLimitChange(
            Dictionary(named.map { ($0.name, $0.value.integer) }) { $1 },
            resetsOthers: call.body["reset"] == true,
            persists: call.body["persist"] == true
        )
        try await call.subject.change(change)
        var response = AdminResponse.json(200, self.limits(call.subject))
        response.note = change.summary
        return response
    }

    private static func refusal(of name: String, _ reason: String) -> String {
        "\(name) cannot be changed while the process runs: \(reason)"
    }

    private static let limitChangeSchema = JSONSchema.object(
        AdminLimit.rules.sorted { $0.key < $1.key }.map { name, rule in
            switch rule {
            case .upTo(let maximum): .init(name, .nullable(.integer(0...maximum)), isRequired: false)
            case .fixed(let reason):
                .init(name, .refused(because: refusal(of: name, reason)), isRequired: false)
            }
        } + [.init("persist", .boolean, isRequired: false), .init("reset", .boolean, isRequired: false)]
    )

    private static let drainSchema = JSONSchema.object([
        .init("state", .choice(LifecycleState.allCases.map(\.rawValue))),
        .init("remaining", .object([.init("mailbox", .count), .init("transit", .count)])),
    ])

    private static func drained(_ call: AdminCall, _ state: LifecycleState, note: String?) -> AdminResponse {
        let present = call.telemetry.present
        var response = AdminResponse.json(
            202,
            [
                "state": .string(state.rawValue),
                "remaining": ["mailbox": .integer(present.connections), "transit": .integer(present.pairs)],
            ]
        )
        response.note = note
        return response
    }
}

extension AdminLimitChange {
    /// For the log.
    fileprivate var summary: String {
        let values = values.sorted { $0.key < $1.key }.map { name, value in
            "\(name)=\(value.map { String($0) } ?? "as started")"
        }
        return ((resetsOthers ? ["reset"] : []) + values + (persists ? ["(persisted)"] : [])).joined(separator: " ")
    }
}
