internal import LinuxIO

/// Every listener of the process, opened before anything is started, so that a port in use is found while nothing has
/// happened yet.
struct Listeners: ~Copyable {
    var mailbox: ListeningSocket?
    var transit: [Handover<ListeningSocket>] = []
    var transitWebSocket: [Handover<ListeningSocket>] = []
    var admin: [Handover<ListeningSocket>] = []
    /// The files of Unix sockets, to be removed at the end; the sockets themselves go to the services.
    private(set) var paths: [SocketPath] = []

    private(set) var names = ListenerNames()
    /// Where the server finds itself.
    private(set) var selfTest = SelfTestSubject()

    private init() {}

    /// - Throws: The first listener's reason; those opened before it are closed again.
    static func open(_ configuration: ApplianceConfiguration) throws(ListenError) -> Listeners {
        var listeners = Listeners()
        do throws(ListenError) {
            try listeners.openAll(configuration)
        } catch {
            for path in listeners.paths { path.remove() }
            throw error
        }
        return listeners
    }

    private mutating func openAll(_ configuration: ApplianceConfiguration) throws(ListenError) {
        // The admin endpoint comes first: it has to answer when there are no descriptors left for clients.
        for endpoint in [configuration.admin, configuration.adminSocket].compactMap(\.self) {
            try refuseProxyHeader(endpoint)
            let socket = try open(endpoint)
            if socket.reach == .network, !configuration.allowsAdminNetwork || configuration.adminTokenFile == nil {
                throw ListenError(
                    endpoint: endpoint.description,
                    reason: "others can reach it: the admin endpoint needs --admin-network and a token for that"
                )
            }
            names.admin.append(socket.name)
            admin.append(Handover(socket))
        }
        if let endpoint = configuration.mailbox?.endpoint {
            let socket = try open(endpoint)
            selfTest.mailbox = ListenerAddress(of: socket)
            mailbox = consume socket
        }
        for endpoint in configuration.transit?.tcp ?? [] {
            try refuseProxyHeader(endpoint)
            let socket = try open(endpoint)
            if names.transit.isEmpty { selfTest.transit = ListenerAddress(of: socket) }
            names.transit.append(socket.name)
            transit.append(Handover(socket))
        }
        for endpoint in configuration.transit?.webSocket ?? [] {
            let socket = try open(endpoint)
            if names.transitWebSocket.isEmpty {
                names.transitWebSocketPort = socket.port
                selfTest.transitWebSocket = ListenerAddress(of: socket)
            }
            names.transitWebSocket.append(socket.name)
            transitWebSocket.append(Handover(socket))
        }
    }

    /// What reads HTTP by itself, or the relay's own first line, knows no header in front of it.
    private func refuseProxyHeader(_ endpoint: Endpoint) throws(ListenError) {
        guard endpoint.expectsProxyHeader else { return }
        throw ListenError(
            endpoint: endpoint.description,
            reason: "haproxy: is for the listeners of WebSocket clients alone"
        )
    }

    private mutating func open(_ endpoint: Endpoint) throws(ListenError) -> ListeningSocket {
        let socket = try ListeningSocket.open(endpoint)
        if let path = socket.path { paths.append(path) }
        return socket
    }
}
