import Telemetry

/// Decides what a request gets: a refusal, or a route's answer. Without a socket, so that it can be tested without one.
struct AdminResponder: Sendable {
    let telemetry: Telemetry
    /// Names besides the loopback ones that a request may be addressed to, lower case.
    let allowedHosts: Set<String>
    /// Requests come over a Unix socket, where permissions of the file decide who may ask.
    let isUnixSocket: Bool

    init(telemetry: Telemetry, allowedHosts: Set<String>, isUnixSocket: Bool) {
        self.telemetry = telemetry
        self.allowedHosts = Set(allowedHosts.map { $0.lowercased() })
        self.isUnixSocket = isUnixSocket
    }

    /// The answer, and the path under which the request is counted.
    func respond(to request: AdminRequest) -> (response: AdminResponse, countedAs: AdminPath) {
        let route = AdminRoutes.all.first { $0.path == request.path }
        let path = route?.metricPath ?? .other
        if let refusal = refusal(of: request) { return (refusal, path) }
        guard let route else { return (.text(404, "not found"), path) }
        guard route.methods.contains(request.method) else {
            let allow = AdminResponse.Header(name: "Allow", value: route.methods.joined(separator: ", "))
            return (.text(405, "method not allowed", headers: [allow]), path)
        }
        guard !request.hasBody else { return (.text(400, "a request with a body is not understood"), path) }
        return (route.handler(request, telemetry), path)
    }

    private func refusal(of request: AdminRequest) -> AdminResponse? {
        guard !isUnixSocket else { return nil }
        guard !request.isForwarded else { return .text(403, "forwarded requests are not answered") }
        // Only a program leaves the host out; a browser cannot.
        guard let value = request.host else { return nil }
        guard let host = HostHeader(value), host.isLoopback || allowedHosts.contains(host.name) else {
            return .text(403, "not addressed by a name of this host")
        }
        return nil
    }
}
