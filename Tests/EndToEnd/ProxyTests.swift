import Foundation
import Glibc
import LinuxIO
import TestSupport
import Testing

/// HAProxy in front of the mailbox server, speaking the PROXY protocol.
@Suite("Behind HAProxy", .timeLimit(.minutes(2)))
struct ProxyTests {
    private static func freePort() throws -> Int {
        try #require(try ListeningSocket.open(Endpoint("tcp:0:interface=127.0.0.1")).port)
    }

    /// Starts HAProxy and returns the port on which it listens.
    private static func start(
        _ word: String,
        before port: Int,
        folder: TemporaryFolder
    ) async throws -> (child: ChildProcess, port: Int) {
        let front = try freePort()
        let configuration = """
            defaults
                mode tcp
                timeout connect 10s
                timeout client 60s
                timeout server 60s
            listen mailbox
                bind 127.0.0.1:\(front)
                server mailbox 127.0.0.1:\(port) \(word)

            """
        let path = folder.path + "/haproxy.cfg"
        try Data(configuration.utf8).write(to: URL(filePath: path))
        let child = try ChildProcess(Repository.tool("haproxy"), ["-db", "-f", path])
        try await eventually("HAProxy listens") {
            try #require(!child.hasEnded, "\(child.transcript)")
            guard let socket = try? WebSocketTestSocket.connect(port: front) else { return false }
            await socket.close()
            return true
        }
        return (child, front)
    }

    @Test("a client is where HAProxy says, in both versions of the header", arguments: ["send-proxy", "send-proxy-v2"])
    func addresses(word: String) async throws {
        let server = try await RunningServer(
            "--mailbox=haproxy:\(RunningServer.anyPort)",
            "--blur-usage=0",
            "--selftest-interval=1"
        )
        let folder = try TemporaryFolder()
        let proxy = try await Self.start(word, before: await server.ports.mailbox, folder: folder)
        for address in ["127.0.0.5", "127.0.0.6"] {
            let socket = try WebSocketTestSocket.connect(port: proxy.port, from: address)
            let port = await socket.localPort ?? 0
            let client = try await WebSocketTestClient.upgrade(socket, path: "/v1")
            let told = try JSON(try await client.nextText())["welcome"]?["your-address"]
            #expect(told == ["ipv4": .string(address), "port": .number(Double(port))])
            try await server.child.errors("the connection is logged") {
                $0.contains("ws client connecting: tcp4:\(address):\(port)")
            }
        }
        // The server is its own client there, too.
        let success = #"wormhole_selftest_runs_total{probe="mailbox",result="success"}"#
        try await eventually("the self-test succeeds", isTrue: { try await server.metric(success) >= 1 })
        proxy.child.send(signal: SIGTERM)
        _ = try await proxy.child.end()
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    @Test("the relay's WebSocket listener takes headers as well")
    func relay() async throws {
        let server = try await RunningServer("--transit-websocket=haproxy:\(RunningServer.anyPort)")
        let folder = try TemporaryFolder()
        let proxy = try await Self.start(
            "send-proxy-v2",
            before: await server.ports.transitWebSocket,
            folder: folder
        )
        let token = RelayHandshake.token()
        var clients: [WebSocketTestClient] = []
        for side in ["0000000000000001", "0000000000000002"] {
            let client = try await WebSocketTestClient.connect(port: proxy.port)
            try await client.send(binary: Array(RelayHandshake.line(token: token, side: side).utf8))
            clients.append(client)
        }
        for client in clients { #expect(try await client.nextBinary() == Array("ok\n".utf8)) }
        for client in clients { await client.socket.close() }
        proxy.child.send(signal: SIGTERM)
        _ = try await proxy.child.end()
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    @Test("listeners that read no header are refused in one line", arguments: ["--transit", "--admin"])
    func refused(option: String) async throws {
        let arguments = ["start", "--mailbox=\(RunningServer.anyPort)", "\(option)=haproxy:tcp:0"]
        let child = try ChildProcess(Repository.server(), arguments)
        #expect(try await child.end(within: .seconds(10)) == .exited(1))
        #expect(child.errors.contains("haproxy: is for the listeners of WebSocket clients alone"))
        #expect(child.errors.filter { $0 == "\n" }.count == 1)
    }
}
