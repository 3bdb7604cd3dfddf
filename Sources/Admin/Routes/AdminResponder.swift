import Logging
import Synchronization
import Telemetry

/// Decides what a request gets: a refusal, or a route's answer. Without a socket, so that it can be tested without one.
struct AdminResponder: Sendable {
    /// The longest body of a request, in bytes.
    static let maximumBody = 16 * 1024

    let core: AdminCore
    let reach: AdminReach

    /// What becomes of a request whose head has come.
    enum Decision: Sendable {
        case refuse(AdminResponse)
        case accept(AdminRoute, AdminCall)
    }

    /// - Returns: The decision, and the path under which the request is counted.
    func decide(on request: AdminRequest) -> (decision: Decision, countedAs: AdminPath) {
        let routes = AdminRoutes.all.filter { $0.path == request.path }
        let path = routes.first?.metricPath ?? .other
        do throws(Refused) {
            try checkOrigin(of: request)
            guard !routes.isEmpty else { throw Refused(404, "not found") }
            guard let route = routes.first(where: { $0.methodNames.contains(request.method) }) else {
                let names = routes.flatMap(\.methodNames).joined(separator: ", ")
                let allow = AdminResponse.Header(name: "Allow", value: names)
                throw Refused(.text(405, "method not allowed", headers: [allow]))
            }
            if route.tellsMoments, core.telemetry.hasStrictPrivacy {
                throw Refused(403, "withheld: --privacy=strict, and this tells when clients come and go")
            }
            if route.method.isChange { try checkChange(request) }
            if route.body == nil, request.hasBody { throw Refused(400, "a request with a body is not understood") }
            var call = AdminCall(
                request: request,
                telemetry: core.telemetry,
                subject: core.subject,
                rates: core.rates,
                page: core.page
            )
            call.parameters = try parameters(of: request, for: route)
            return (.accept(route, call), route.metricPath)
        } catch {
            return (.refuse(error.response), path)
        }
    }

    /// Checks what a change was told.
    ///
    /// - Returns: The refusal; `nil` when all is well.
    func read(_ body: [UInt8], for route: AdminRoute, into call: inout AdminCall) -> AdminResponse? {
        guard let schema = route.body else { return nil }
        guard body.count <= Self.maximumBody else { return .tooLarge }
        guard let value = JSONValue(parsing: body) else { return .text(400, "the body is not JSON") }
        if let problem = schema.problem(with: value, at: "the body") { return .text(422, problem) }
        call.body = value
        return nil
    }

    /// Counts an answered request and, when it changed something, logs it.
    func finished(_ path: AdminPath, _ route: AdminRoute?, _ response: AdminResponse, after duration: Duration) {
        core.count(path, response.status, duration)
        guard let route, route.method.isChange else { return }
        let note = response.note.map { ": \($0)" } ?? ""
        let way = reach == .unixSocket ? "over the Unix socket" : "with the token"
        guard response.status < 400 else {
            let reason = String(decoding: response.body, as: UTF8.self).prefix { !$0.isNewline }
            core.logger.notice(
                "\(route.method.rawValue) \(route.path) \(way) was refused: \(response.status) \(reason)"
            )
            return
        }
        core.logger.notice("\(route.method.rawValue) \(route.path) \(way)\(note)")
        if let action = route.action { core.count(action) }
    }

    // MARK: Checks

    private struct Refused: Error {
        let response: AdminResponse
        init(_ response: AdminResponse) { self.response = response }
        init(_ status: Int, _ text: String) { response = .text(status, text) }
    }

    private func checkOrigin(of request: AdminRequest) throws(Refused) {
        switch reach {
        case .unixSocket: return
        case .network:
            guard !request.isForwarded else { throw Refused(403, "forwarded requests are not answered") }
            // A page of someone else's cannot show the token, so that it does not matter by which name it asks.
            guard core.token.isShown(by: request.authorization) else { throw Refused(.unauthorized) }
        case .loopback:
            guard !request.isForwarded else { throw Refused(403, "forwarded requests are not answered") }
            // Only a program leaves the host out; a browser cannot.
            guard let value = request.host else { return }
            guard let host = HostHeader(value), host.isLoopback || core.allowedHosts.contains(host.name) else {
                throw Refused(403, "not addressed by a name of this host")
            }
        }
    }

    private func checkChange(_ request: AdminRequest) throws(Refused) {
        if reach != .unixSocket {
            guard core.token.exists else {
                throw Refused(403, "changes are made over the Unix socket, or with a token, of which there is none")
            }
            guard core.token.isShown(by: request.authorization) else { throw Refused(.unauthorized) }
        }
        let type = request.contentType?.split(separator: ";", omittingEmptySubsequences: false).first?.lowercased()
        // A page of someone else's cannot say this without asking first, which is not answered.
        guard let type, type.filter({ $0 != " " && $0 != "\t" }) == AdminRoute.json, !request.isEncoded else {
            throw Refused(415, "a change is told as application/json")
        }
        if let length = request.bodyLength, length > Self.maximumBody { throw Refused(.tooLarge) }
    }

    private func parameters(of request: AdminRequest, for route: AdminRoute) throws(Refused) -> [String: JSONValue] {
        var values: [String: JSONValue] = [:]
        for item in request.query {
            guard let parameter = route.parameters.first(where: { $0.name == item.name }) else { continue }
            guard values[item.name] == nil else { throw Refused(400, "parameter \(item.name) stands there twice") }
            guard let value = parameter.schema.value(ofParameter: item.value) else {
                throw Refused(400, "parameter \(item.name) cannot be what it is")
            }
            values[item.name] = value
        }
        if let missing = route.parameters.first(where: { $0.isRequired && values[$0.name] == nil }) {
            throw Refused(400, "parameter \(missing.name) is missing")
        }
        return values
    }
}

extension AdminResponse {
    static let tooLarge = AdminResponse.text(413, "the body is longer than \(AdminResponder.maximumBody) bytes")

    fileprivate static var unauthorized: AdminResponse {
        let header = Header(name: "WWW-Authenticate", value: "Bearer realm=\"wormhole-server\"")
        return .text(401, "a valid token is missing", headers: [header])
    }
}
