import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Hostile input", .timeLimit(.minutes(5)))
struct HostileInputTests {
    /// What a stranger may send to any port.
    private static func garbage(using random: inout SeededGenerator) -> [UInt8] {
        let openings = [
            "", "GET /v1 HTTP/1.1\r\n", "GET /metrics HTTP/1.1\r\nHost: localhost\r\n",
            WebSocketTestClient.request(path: "/v1"), WebSocketTestClient.request(), "please relay ",
            RelayHandshake.line(token: RelayHandshake.token(), side: "0000000000000001"), "\u{16}\u{3}\u{1}",
            "PROXY UNKNOWN\r\n", String(repeating: "a", count: 5000), "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
            "POST /v1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n",
        ]
        let opening = Array(openings.randomElement(using: &random)?.utf8 ?? "".utf8)
        return opening
            + (0..<Int.random(in: 0..<3000, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    @Test("garbage at every port neither ends the server nor delays a client nor stays in memory")
    func garbage() async throws {
        let server = try await RunningServer()
        let ports = await server.ports
        let client = try await MailboxClient(port: ports.mailbox, app: "app", side: "side")
        let pair = try await RelayPair(port: ports.transit)
        var random = SeededGenerator(seed: 1)
        try await throwGarbage(at: ports, rounds: 20, &random)
        let before = try await server.metric("process_resident_memory_bytes")
        for round in 0..<5 {
            try await throwGarbage(at: ports, rounds: 40, &random)
            try await client.send(["type": "ping", "ping": .number(Double(round))])
            #expect(try await client.next("pong")["pong"] == .number(Double(round)))
            try await pair.expectPassage(of: "still here")
        }
        let growth = try await server.metric("process_resident_memory_bytes") - before
        #expect(growth < 50_000_000)
        #expect(try await server.metric(#"wormhole_internal_errors_total{component="mailbox"}"#) == 0)
        #expect(try await server.metric(#"wormhole_internal_errors_total{component="transit"}"#) == 0)
        #expect(try await server.get("/healthz").contains("ok"))
        await pair.left.close()
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    private func throwGarbage(at ports: RunningServer.Ports, rounds: Int, _ random: inout SeededGenerator) async throws
    {
        for _ in 0..<rounds {
            for port in [ports.mailbox, ports.transit, ports.transitWebSocket, ports.admin] {
                let socket = try WebSocketTestSocket.connect(port: port)
                // The server may have closed before everything is sent, which is its right.
                _ = try? await socket.send(Self.garbage(using: &random))
                if Bool.random(using: &random) { await socket.reset() } else { await socket.close() }
            }
        }
    }

    @Test("clients that say nothing or never finish leave room for others")
    func unfinished() async throws {
        let server = try await RunningServer()
        let ports = await server.ports
        var silent: [WebSocketTestSocket] = []
        for port in [ports.mailbox, ports.transit, ports.transitWebSocket] {
            for number in 0..<200 {
                let socket = try WebSocketTestSocket.connect(port: port)
                if number.isMultiple(of: 2) { try await socket.send("please GET ") }
                silent.append(socket)
            }
        }
        let client = try await MailboxClient(port: ports.mailbox, app: "app", side: "side")
        try await client.send(["type": "allocate"])
        _ = try await client.next("allocated")
        let pair = try await RelayPair(port: ports.transit)
        try await pair.expectPassage(of: "room for others")
        #expect(try await server.get("/readyz").contains("ready"))
        for socket in silent { await socket.close() }
        await pair.left.close()
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    @Test("a client that reads nothing cannot fill the memory or delay its partner's messages")
    func slowReader() async throws {
        let server = try await RunningServer()
        let ports = await server.ports
        let reader = try await MailboxClient(port: ports.mailbox, app: "app", side: "reader")
        try await reader.send(["type": "open", "mailbox": "m"])
        let writer = try await MailboxClient(port: ports.mailbox, app: "app", side: "writer")
        try await writer.send(["type": "open", "mailbox": "m"])
        let before = try await server.metric("process_resident_memory_bytes")
        let body = String(repeating: "00", count: 4000)
        for number in 0..<500 { try await writer.add("p\(number)", body) }
        let growth = try await server.metric("process_resident_memory_bytes") - before
        #expect(growth < 80_000_000)
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }
}
