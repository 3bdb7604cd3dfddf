import LinuxIO
import MailboxService
import Observations
import TestSupport
import Testing

/// Statements 2 to 20 of the mailbox conformance list, over real connections.
@Suite("Mailbox conformance: transport", .timeLimit(.minutes(2)))
struct TransportConformanceTests {
    private static func answer(to request: String, of harness: MailboxServerHarness) async throws -> String {
        let socket = try WebSocketTestSocket.connect(port: harness.port)
        try await socket.send(request)
        return String(decoding: try await socket.receiveToEnd().bytes, as: UTF8.self)
    }

    @Test("2: an upgrade of a path that does not exist is answered with 404", arguments: ["/nonexistent", "/v2"])
    func upgradeElsewhere(path: String) async throws {
        try await MailboxServerHarness.run { harness in
            let answer = try await Self.answer(to: WebSocketTestClient.request(path: path), of: harness)
            #expect(answer.hasPrefix("HTTP/1.1 404 "), "\(answer)")
        }
    }

    @Test("5: subprotocols and extensions are offered in vain")
    func offers() async throws {
        try await MailboxServerHarness.run { harness in
            let headers = ["Sec-WebSocket-Protocol: wormhole, chat", "Sec-WebSocket-Extensions: permessage-deflate"]
            let visitor = try await harness.visit(headers: headers).visitor
            let response = visitor.webSocket.response.lowercased()
            #expect(!response.contains("sec-websocket-protocol") && !response.contains("sec-websocket-extensions"))
            try await visitor.expectSilence()
        }
    }

    @Test(
        "6: an upgrade without a key or of another version is refused, and the version told",
        arguments: [("Sec-WebSocket-Key: \(WebSocketTestClient.key)\r\n", ""), ("Version: 13", "Version: 12")]
    )
    func badUpgrades(part: String, replacement: String) async throws {
        try await MailboxServerHarness.run { harness in
            let request = WebSocketTestClient.request(path: "/v1").replacing(part, with: replacement)
            let answer = try await Self.answer(to: request, of: harness)
            if replacement.isEmpty {
                #expect(answer.hasPrefix("HTTP/1.1 400 "), "\(answer)")
            } else {
                #expect(answer.hasPrefix("HTTP/1.1 426 ") && answer.contains("Sec-WebSocket-Version: 13"), "\(answer)")
            }
        }
    }

    @Test("7, D18: any origin is welcome", arguments: ["null", "https://example.org", "file://", "what is this?"])
    func origins(origin: String) async throws {
        try await MailboxServerHarness.run { harness in
            try await harness.visit(headers: ["Origin: \(origin)"]).visitor.expectSilence()
        }
    }

    @Test("8: every message of the server is one object in an unfragmented text frame")
    func frames() async throws {
        try await MailboxServerHarness.run { harness in
            let visitor = try await harness.visitor("s")
            try await visitor.open("m")
            try await visitor.say(#"{"type":"add","phase":"p","body":"00"}"#)
            try await visitor.say("{}")
            for type in ["ack", "message", "error"] {
                let frame = try await visitor.webSocket.next()
                #expect(frame.opcode == 1 && frame.isFinal && frame.reserved == 0 && frame.mask == nil)
                #expect(try JSON(frame.text)["type"]?.string == type)
            }
        }
    }

    @Test("10: fragments make one message, a Ping between them is answered at once, and a letter may be split")
    func fragments() async throws {
        try await MailboxServerHarness.run { harness in
            let visitor = try await harness.visit().visitor
            let bytes = Array(#"{"type":"ping","ping":"é"}"#.utf8)
            let split = try #require(bytes.firstIndex(of: 0xC3)) + 1
            try await visitor.webSocket.send(.text(bytes: bytes[..<split], isFinal: false), .ping([7]))
            let pong = try await visitor.webSocket.next()
            #expect(pong.opcode == 10 && pong.payload == [7])
            try await visitor.webSocket.send(.continuation(bytes[split...]))
            _ = try await visitor.hear("ack")
            #expect(try await visitor.hear("pong")["pong"] == "é")
        }
    }

    @Test("11: a Ping is answered with its payload, a Pong with nothing")
    func pings() async throws {
        try await MailboxServerHarness.run { harness in
            let visitor = try await harness.visit().visitor
            try await visitor.webSocket.send(.pong(Array("unasked".utf8)), .ping(Array("payload".utf8)))
            let pong = try await visitor.webSocket.next()
            #expect(pong.opcode == 10 && pong.text == "payload")
            try await visitor.expectSilence()
        }
    }

    @Test("12: a Close is answered with 1000, and the connection ends", arguments: [1000, 1001, 3000, nil])
    func closes(code: UInt16?) async throws {
        try await MailboxServerHarness.run { harness in
            let visitor = try await harness.visit().visitor
            let remainder = try await visitor.webSocket.close(code)
            #expect(remainder.closeCode == 1000 && remainder.frames.count == 1 && remainder.ending == .orderly)
        }
    }

    private static let violations: [([UInt8], UInt16)] = [
        (WebSocketTestFrame.text(bytes: [0xC3, 0x28]).bytes, 1007),
        (WebSocketTestFrame(opcode: 1, payload: Array("{}".utf8), mask: nil).bytes, 1002),
        (WebSocketTestFrame(opcode: 1, payload: Array("{}".utf8), reserved: 4).bytes, 1002),
        (WebSocketTestFrame(opcode: 3, payload: []).bytes, 1002),
        (WebSocketTestFrame(opcode: 9, payload: [UInt8](repeating: 0, count: 126)).bytes, 1002),
        (WebSocketTestFrame.continuation([]).bytes, 1002),
        (WebSocketTestFrame(opcode: 8, payload: [3]).bytes, 1002),
        (WebSocketTestFrame.close(999).bytes, 1002),
    ]

    @Test("13, D17: what breaks the rules of WebSocket gets the Close code that says so", arguments: violations)
    func violation(bytes: [UInt8], code: UInt16) async throws {
        try await MailboxServerHarness.run { harness in
            let visitor = try await harness.visit().visitor
            try await visitor.webSocket.send(raw: bytes)
            #expect(try await visitor.webSocket.remainder().closeCode == code)
        }
    }

    @Test("15: a silent client is asked for a sign of life, and gone without one")
    func keepalive() async throws {
        let configure = { (configuration: inout MailboxConfiguration) in
            configuration.pingInterval = .milliseconds(200)
            configuration.pingTimeout = .milliseconds(600)
        }
        try await MailboxServerHarness.run(configure) { harness in
            let (lively, dead) = (try await harness.visit().visitor, try await harness.visit().visitor)
            for _ in 0..<5 {
                let ping = try await lively.webSocket.next()
                #expect(ping.opcode == 9 && ping.payload.count == 12)
                try await lively.webSocket.send(.pong(ping.payload))
            }
            #expect(try await dead.webSocket.next().opcode == 9)
            _ = try await dead.webSocket.remainder()
            try await harness.observed("the cause") {
                if case .connectionClosed(_, .pingTimeout, _) = $0 { true } else { false }
            }
        }
    }

    @Test("17: the default endpoint takes both families and names each client's own", arguments: ["127.0.0.1", "::1"])
    func families(host: String) async throws {
        let harness = try await MailboxServerHarness(endpoint: #"tcp:0:interface=\:\:"#)
        let socket = try WebSocketTestSocket.connect(port: harness.port, host: host)
        let visitor = Visitor(webSocket: try await .upgrade(socket, path: "/v1"))
        let address = try #require(try await visitor.hear("welcome")["welcome"]?["your-address"])
        #expect(address.keys == ["port", host.contains(":") ? "ipv6" : "ipv4"])
        #expect(address[host.contains(":") ? "ipv6" : "ipv4"]?.string == host)
        let port = await socket.localPort.map { Double($0) }
        #expect(address["port"]?.number == port)
        await harness.server.stop()
    }

    @Test("18, 19, D14: a proxy's words count if they make sense, and never end the handshake")
    func proxyHeaders() async throws {
        try await MailboxServerHarness.run { harness in
            let told = try await harness.visit(headers: ["X-Real-IP: 192.0.2.7", "X-Real-Port: 5678"])
            #expect(told.welcome["your-address"] == ["port": 5678, "ipv4": "192.0.2.7"])
            for headers in [["X-Real-IP: 192.0.2.7", "X-Real-Port: http"], ["X-Real-Port: 5"], ["X-Real-IP:"]] {
                let visit = try await harness.visit(headers: headers)
                #expect(visit.welcome["your-address"]?["ipv4"] == "127.0.0.1")
                try await visit.visitor.expectSilence()
            }
        }
    }
}
