/// Something between the two ends of a pair: ours, the original, HAProxy, or nothing.
final class RelayUnderTest {
    /// `nil` when there is nothing between the ends.
    let process: ServerProcess?
    /// Where clients connect over TCP: for each sink the port that leads to it, if clients are not paired.
    let ports: [UInt16]
    /// Where clients connect over WebSocket; `nil` when it cannot be done.
    let webSocketPort: UInt16?
    /// Where ours shows its metrics; `nil` for the others.
    let adminPort: UInt16?
    /// Whether two clients with the same token are joined. Otherwise each is joined to the generator's sink.
    let pairsClients: Bool

    private let folder: String
    private let workbench: Workbench

    /// Starts it and waits until it listens.
    ///
    /// - Parameter sinks: The ports of the generator's own listeners.
    init(_ contender: Contender, sinks: [UInt16], on workbench: Workbench) throws(BenchmarkError) {
        self.workbench = workbench
        folder = try workbench.newFolder()
        let tools = workbench.tools
        switch contender {
        case .direct:
            ports = sinks
            webSocketPort = nil
            adminPort = nil
            pairsClients = false
            process = nil
        case .haproxy:
            ports = try sinks.map { _ throws(BenchmarkError) in try LoopbackAddress.freePort() }
            webSocketPort = nil
            adminPort = nil
            pairsClients = false
            try writeFile(Self.proxyConfiguration(ports, sinks: sinks), to: folder + "/haproxy.cfg")
            process = try ServerProcess([tools.haproxy, "-db", "-f", "haproxy.cfg"], folder: folder)
        case .ours, .original:
            let webSocketPort = try LoopbackAddress.freePort()
            let port = try LoopbackAddress.freePort()
            let adminPort = try LoopbackAddress.freePort()
            self.adminPort = contender == .ours ? adminPort : nil
            ports = sinks.map { _ in port }
            self.webSocketPort = webSocketPort
            pairsClients = true
            let program =
                contender == .ours
                ? [tools.server, "transit", "--admin=tcp:\(adminPort):interface=127.0.0.1"]
                : [tools.twist, "--log-file=+", "--log-format=text", "transitrelay"]
            let options = [
                "--port=tcp:\(port):interface=127.0.0.1", "--websocket=tcp:\(webSocketPort):interface=127.0.0.1",
                "--websocket-url=ws://localhost:\(webSocketPort)", "--usage-db=usage.sqlite",
            ]
            process = try ServerProcess(program + options, folder: folder)
        }
        for port in ports { try process?.waitUntilListening(on: port) }
        if let webSocketPort { try process?.waitUntilListening(on: webSocketPort) }
    }

    deinit {
        process?.end()
        workbench.remove(folder)
    }

    /// Everything as it comes, but splicing, and as many connections as there are descriptors for: each takes two, and every
    /// fourth may take a pipe. (With `splice-auto` it copies all of this.)
    private static func proxyConfiguration(_ ports: [UInt16], sinks: [UInt16]) -> String {
        let connections = min((Workbench.openFileLimit - 500) / 3, 9_000)
        let global = """
            global
                maxconn \(connections)
            defaults
                mode tcp
                option splice-request
                option splice-response
                timeout connect 10s
                timeout client 600s
                timeout server 600s

            """
        let lanes = zip(ports, sinks).map { port, sink in
            """
            listen lane\(port)
                bind 127.0.0.1:\(port)
                server sink 127.0.0.1:\(sink)

            """
        }
        return ([global] + lanes).joined(separator: "\n")
    }
}
