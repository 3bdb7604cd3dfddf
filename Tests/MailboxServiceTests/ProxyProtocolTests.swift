import MailboxService
import Observations
import TestSupport
import Testing

@Suite("Behind a proxy that sends PROXY protocol headers", .timeLimit(.minutes(1)))
struct ProxyProtocolTests {
    private static let endpoint = "haproxy:tcp:0:interface=127.0.0.1"
    private static let versionTwo: [UInt8] =
        [
            13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10, 0x21, 0x11, 0, 15, 192, 0, 2, 7, 198, 51, 100, 1, 0xDC, 4, 0,
            80,
        ]
        + [0x20, 0, 0]

    /// The welcome a client gets whose proxy sends `header`.
    private static func welcome(
        _ harness: MailboxServerHarness,
        header: [UInt8],
        headers: [String] = [],
        bytewise: Bool = false
    ) async throws -> JSON? {
        let socket = try WebSocketTestSocket.connect(port: harness.port)
        if bytewise {
            for byte in header { try await socket.send([byte]) }
        } else {
            try await socket.send(header)
        }
        let visitor = Visitor(webSocket: try await .upgrade(socket, path: "/v1", headers: headers))
        return try await visitor.hear("welcome")["welcome"]?["your-address"]
    }

    @Test("both versions tell the client's address, however their bytes come", arguments: [false, true])
    func addresses(bytewise: Bool) async throws {
        let harness = try await MailboxServerHarness(endpoint: Self.endpoint)
        let ipv4: JSON = ["ipv4": "192.0.2.7", "port": 56324]
        let line = Array("PROXY TCP4 192.0.2.7 198.51.100.1 56324 4000\r\n".utf8)
        #expect(try await Self.welcome(harness, header: line, bytewise: bytewise) == ipv4)
        #expect(try await Self.welcome(harness, header: Self.versionTwo, bytewise: bytewise) == ipv4)
        let ipv6: JSON = ["ipv6": "2001:db8::7", "port": 80]
        let line6 = Array("PROXY TCP6 2001:db8::7 ::1 80 4000\r\n".utf8)
        #expect(try await Self.welcome(harness, header: line6, bytewise: bytewise) == ipv6)
        await harness.server.stop()
    }

    @Test("header and request may come in one piece")
    func glued() async throws {
        let harness = try await MailboxServerHarness(endpoint: Self.endpoint)
        let socket = try WebSocketTestSocket.connect(port: harness.port)
        try await socket.send(Self.versionTwo + Array(WebSocketTestClient.request(path: "/v1").utf8))
        #expect(try await socket.receive(through: "\r\n\r\n").starts(with: Array("HTTP/1.1 101 ".utf8)))
        await harness.server.stop()
    }

    @Test("a client's own X-Real-IP is not believed, wherever the header says it is")
    func ownHeaders() async throws {
        let harness = try await MailboxServerHarness(endpoint: Self.endpoint)
        let line = Array("PROXY TCP4 127.0.0.1 127.0.0.1 56324 4000\r\n".utf8)
        let told = ["X-Real-IP: 203.0.113.9", "X-Real-Port: 5"]
        #expect(
            try await Self.welcome(harness, header: line, headers: told) == ["ipv4": "127.0.0.1", "port": 56324]
        )
        await harness.server.stop()
    }

    @Test(
        "without a header that names a client the connection is closed without a word",
        arguments: [
            WebSocketTestClient.request(path: "/v1"), "PROXY UNKNOWN\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n",
            "\r\n\r\n\0\r\nQUIT\n\u{20}\0\0\0",
        ]
    )
    func unusable(header: String) async throws {
        let harness = try await MailboxServerHarness(endpoint: Self.endpoint)
        let socket = try WebSocketTestSocket.connect(port: harness.port)
        try await socket.send(header)
        let (bytes, _) = try await socket.receiveToEnd()
        #expect(bytes.isEmpty)
        try await harness.observed("the reason") { $0 == .connectionRejected(.mailbox, reason: .badUpgrade) }
        await harness.server.stop()
    }

    @Test("a header that does not come in time is a request that does not")
    func timeout() async throws {
        let harness = try await MailboxServerHarness(endpoint: Self.endpoint) { $0.upgradeTimeout = .milliseconds(300) }
        let socket = try WebSocketTestSocket.connect(port: harness.port)
        try await socket.send("PROXY TCP4 192.0.2.7 ")
        #expect(try await socket.receiveToEnd().bytes.isEmpty)
        await harness.server.stop()
    }

    @Test("limits count the client, not the proxy")
    func limits() async throws {
        let harness = try await MailboxServerHarness(endpoint: Self.endpoint) { $0.maximumConnectionsPerSource = 1 }
        var sockets: [WebSocketTestSocket] = []
        for (address, status) in [("192.0.2.1", "101"), ("192.0.2.2", "101"), ("192.0.2.1", "429")] {
            let socket = try WebSocketTestSocket.connect(port: harness.port)
            let request = WebSocketTestClient.request(path: "/v1")
            try await socket.send("PROXY TCP4 \(address) 198.51.100.1 5 4000\r\n\(request)")
            let answer = String(decoding: try await socket.receive(through: "\r\n\r\n"), as: UTF8.self)
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
            sockets.append(socket)
        }
        await harness.server.stop()
    }

    @Test("random bytes in front end nothing but their own connection", arguments: 0..<5 as Range<UInt64>)
    func garbage(seed: UInt64) async throws {
        let harness = try await MailboxServerHarness(endpoint: Self.endpoint)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<30 {
            var bytes = Self.versionTwo
            for _ in 0..<Int.random(in: 1...5, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = .random(in: 0...255, using: &random)
            }
            let socket = try WebSocketTestSocket.connect(port: harness.port)
            // The server may have closed already, which is its right.
            try? await socket.send(bytes + Array("GET / HTTP/1.1\r\n\r\n".utf8))
            await socket.close()
        }
        #expect(try await Self.welcome(harness, header: Self.versionTwo)?["ipv4"] == "192.0.2.7")
        await harness.server.stop()
    }
}
