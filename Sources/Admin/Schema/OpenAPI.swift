/// The interface as OpenAPI describes it, from the table of routes.
///
/// Source: OpenAPI 3.1.
enum OpenAPI {
    static let document: JSONValue = [
        "openapi": "3.1.0",
        "info": [
            "title": "wormhole-server admin endpoint", "version": "1",
            "description": .string(
                "What the server shows of itself, and what can be changed while it runs. Changes are made over the Unix "
                    + "socket, where the permissions of its file decide, or with a bearer token."
            ),
        ],
        "paths": .object(paths),
        "components": [
            "securitySchemes": ["token": ["type": "http", "scheme": "bearer"]]
        ],
    ]

    private static var paths: [JSONValue.Member] {
        var order: [String] = []
        for route in AdminRoutes.all where !order.contains(route.path) { order.append(route.path) }
        return order.map { path in
            let routes = AdminRoutes.all.filter { $0.path == path }
            return .init(path, .object(routes.map { .init($0.method.rawValue.lowercased(), operation($0)) }))
        }
    }

    private static func operation(_ route: AdminRoute) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("summary", .string(route.summary)),
            .init("operationId", .string(identifier(of: route))),
        ]
        if !route.parameters.isEmpty { members.append(.init("parameters", .array(route.parameters.map(parameter)))) }
        if let body = route.body {
            let content: JSONValue = .object([.init(AdminRoute.json, ["schema": body.json])])
            members.append(.init("requestBody", ["required": true, "content": content]))
        }
        if route.method.isChange { members.append(.init("security", [["token": []]])) }
        members.append(.init("responses", responses(of: route)))
        return .object(members)
    }

    /// Such as `put_advertise_version`.
    private static func identifier(of route: AdminRoute) -> String {
        let words = route.path.split { !$0.isLetter && !$0.isNumber }.joined(separator: "_")
        return "\(route.method.rawValue.lowercased())_\(words.isEmpty ? "page" : words)"
    }

    private static func parameter(_ parameter: AdminRoute.Parameter) -> JSONValue {
        [
            "name": .string(parameter.name), "in": "query", "description": .string(parameter.summary),
            "required": .bool(parameter.isRequired), "schema": parameter.schema.json,
        ]
    }

    private static func responses(of route: AdminRoute) -> JSONValue {
        let answers = route.allAnswers
        var statuses: [Int] = []
        for answer in answers where !statuses.contains(answer.status) { statuses.append(answer.status) }
        return .object(
            statuses.sorted().map { status in
                let same = answers.filter { $0.status == status }
                var members: [JSONValue.Member] = [.init("description", .string(same[0].summary))]
                let content = same.filter { !$0.contentType.isEmpty }.map { answer in
                    JSONValue.Member(answer.contentType, ["schema": (answer.schema ?? .anyString).json])
                }
                if !content.isEmpty { members.append(.init("content", .object(content))) }
                return .init(String(status), .object(members))
            }
        )
    }
}

extension AdminRoute {
    /// With the refusals of ``AdminResponder``, as far as they apply to it.
    var allAnswers: [Answer] {
        var all = answers
        func add(_ status: Int, _ summary: String) {
            if !all.contains(where: { $0.status == status && $0.contentType == Self.plainText }) {
                all.append(.text(status, summary))
            }
        }
        add(400, "The request is not understood.")
        add(401, "The token is missing or wrong.")
        add(403, "Not from here.")
        add(405, "Not with this method.")
        if method.isChange {
            add(413, "The body is too long.")
            add(415, "The body is not said to be JSON.")
            add(422, "The body is not what is asked for.")
        }
        switch handler {
        case .now: break
        case .later, .stream: add(503, "The services do not answer, or too many ask.")
        }
        return all
    }
}
