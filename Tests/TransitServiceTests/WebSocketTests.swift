import Observations
import TestSupport
import Testing
import TransitService
import WormholeWire

/// WebSocket clients without a partner.
@Suite(.timeLimit(.minutes(1)))
struct WebSocketTests {
    private static func run(
        configure: (inout TransitConfiguration) -> Void = { _ in },
        _ body: (TestRelay) async throws -> Void
    ) async throws {
        try await TestRelay.run(webSocket: true, configure: configure, body)
    }

    // MARK: Upgrade

    @Test("63: any path, host and origin is welcome, and nothing is negotiated", arguments: ["/", "/v1?x=y", "/a/b"])
    func upgrade(path: String) async throws {
        try await Self.run { relay in
            let headers = [
                "Origin: null", "Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Extensions: permessage-deflate",
            ]
            let client = try await WebSocketTestClient.connect(
                port: relay.webSocketPort,
                path: path,
                headers: headers
            )
            #expect(!client.response.lowercased().contains("sec-websocket-protocol"))
            #expect(!client.response.lowercased().contains("sec-websocket-extensions"))
            _ = try await client.close()
        }
    }

    @Test(
        "64 (D26): what is no proper upgrade is refused, and leaves no record",
        arguments: [
            (
                "GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n",
                ["400"]
            ),
            (
                WebSocketTestClient.request().replacing("Sec-WebSocket-Version: 13", with: "Sec-WebSocket-Version: 12"),
                ["400", "426"]
            ),
            (
                WebSocketTestClient.request()
                    .replacing("Sec-WebSocket-Key: \(WebSocketTestClient.key)\r\n", with: ""),
                ["400"]
            ),
            (WebSocketTestClient.request().replacing("GET", with: "POST"), ["405"]),
            (WebSocketTestClient.request(headers: ["X: " + String(repeating: "x", count: 20_000)]), ["431"]),
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", ["426"]),
        ]
    )
    func badUpgrade(request: String, statuses: [String]) async throws {
        try await Self.run { relay in
            let socket = try WebSocketTestSocket.connect(port: relay.webSocketPort)
            try await socket.send(request)
            let answer = try await socket.rest()
            #expect(statuses.contains { answer.hasPrefix("HTTP/1.1 \($0) ") }, "\(answer)")
            await socket.close()
            #expect(relay.records.isEmpty)
            try await eventually("the rejection") {
                relay.observations.contains(.connectionRejected(.transit, reason: .badUpgrade)) ? () : nil
            }
        }
    }

    @Test("65: who never upgrades is closed in time, and leaves no record", arguments: ["", "GET / HTTP/1.1\r\n"])
    func neverUpgraded(beginning: String) async throws {
        try await Self.run(configure: { $0.upgradeTimeout = .milliseconds(200) }) { relay in
            let socket = try WebSocketTestSocket.connect(port: relay.webSocketPort)
            try await socket.send(beginning)
            #expect(try await socket.rest() == "")
            #expect(relay.records.isEmpty)
            #expect(relay.openConnections == 0)
        }
    }

    // MARK: Alone

    @Test("66, 19: upgraded and gone without a message is empty", arguments: ["close", "disconnect", "reset"])
    func emptyVisit(how: String) async throws {
        try await Self.run { relay in
            let client = try await relay.webSocketClient()
            switch how {
            case "close": #expect(try await client.close().closeCode == 1000)
            case "disconnect": await client.socket.close()
            default: await client.socket.reset()
            }
            #expect(try await relay.records(1).map(\.mood) == [.empty])
            try await relay.isEmpty()
        }
    }

    @Test(
        "67: a handshake waits, with and without its newline, whole and in frames",
        arguments: [
            Handshake.legacy(), Handshake.sided("a", "1"), String(Handshake.legacy().dropLast()),
            String(Handshake.sided("a", "1").dropLast()),
        ]
    )
    func waiting(handshake: String) async throws {
        try await Self.run { relay in
            let whole = try await relay.webSocketClient(saying: handshake)
            try await relay.waiting(1)
            _ = try await whole.close()
            #expect(try await relay.records(1).map(\.mood) == [.lonely])
            let parts = try await relay.webSocketClient()
            let bytes = Array(handshake.utf8)
            try await parts.send(
                .init(opcode: 2, payload: bytes[..<20], isFinal: false),
                .init(opcode: 0, payload: bytes[20..<21], isFinal: false),
                .init(opcode: 0, payload: bytes[21...])
            )
            try await relay.waiting(1)
        }
    }

    @Test(
        "68: any other first message is told so",
        arguments: [
            Handshake.legacy() + "\n", Handshake.legacy().dropLast() + "\r\n", "\n" + Handshake.legacy(),
            Handshake.legacy(token: String(repeating: "a", count: 65)), "hello", "",
        ]
    )
    func badHandshake(message: String) async throws {
        try await Self.run { relay in
            let client = try await relay.webSocketClient(saying: message)
            #expect(try await client.nextBinary() == Array("bad handshake\n".utf8))
            #expect(try await client.next().closeCode == 1000)
            _ = try await client.close()
            #expect(try await relay.records(1).map(\.mood) == [.errory])
            try await relay.isEmpty()
            #expect(relay.moods == [.errory])
        }
    }

    @Test(
        "75, 40: Pings are answered while waiting; any message, even an empty one, is impatience",
        arguments: ["", "x"]
    )
    func impatience(message: String) async throws {
        try await Self.run { relay in
            let client = try await relay.webSocketClient(saying: Handshake.legacy())
            try await relay.waiting(1)
            try await client.send(.ping("are you there".utf8))
            let pong = try await client.next()
            #expect(pong.opcode == 10)
            #expect(pong.text == "are you there")
            #expect(relay.levels.connections == 1)
            try await client.send(binary: Array(message.utf8))
            #expect(try await client.nextBinary() == Array("impatient\n".utf8))
            #expect(try await client.next().closeCode == 1000)
            #expect(try await relay.records(1).map(\.mood) == [.impatient])
            try await relay.waiting(0)
        }
    }

    @Test("80 (D5): what follows a bad handshake in the same segment is ignored")
    func badHandshakeAndMore() async throws {
        try await Self.run { relay in
            let client = try await relay.webSocketClient()
            try await client.send(.binary("bad".utf8), .binary("more".utf8), .text("and more"))
            #expect(try await client.nextBinary() == Array("bad handshake\n".utf8))
            #expect(try await client.next().closeCode == 1000)
            _ = try await client.close()
            try await relay.isEmpty()
            #expect(relay.moods == [.errory])
            #expect(!relay.observations.contains(.internalErrorCaught(.transit)))
        }
    }

    @Test("81 (D7): text is refused with 1003, whenever it comes")
    func text() async throws {
        try await Self.run { relay in
            let first = try await relay.webSocketClient()
            try await first.send(text: Handshake.legacy())
            #expect(try await first.next().closeCode == 1003)
            #expect(try await relay.records(1).map(\.mood) == [.errory])
            let waiting = try await relay.webSocketClient(saying: Handshake.legacy())
            try await relay.waiting(1)
            try await waiting.send(text: "x")
            #expect(try await waiting.next().closeCode == 1003)
            #expect(try await relay.records(2).map(\.mood) == [.errory, .lonely])
            let (talker, partner) = try await relay.webSocketPair()
            try await talker.send(text: "x")
            #expect(try await talker.next().closeCode == 1003)
            #expect(try await partner.next().closeCode == 1000)
            #expect(try await relay.records(3).map(\.mood) == [.errory, .lonely, .happy])
        }
    }

    @Test(
        "82 (D8): violations of the protocol are refused with 1002",
        arguments: [
            WebSocketTestFrame(opcode: 2, payload: [1], mask: nil), WebSocketTestFrame(opcode: 3, payload: [1]),
            WebSocketTestFrame(opcode: 2, payload: [1], reserved: 4),
            WebSocketTestFrame(opcode: 9, payload: [UInt8](repeating: 1, count: 126)),
            WebSocketTestFrame(opcode: 9, payload: [1], isFinal: false),
        ]
    )
    func violations(frame: WebSocketTestFrame) async throws {
        try await Self.run { relay in
            let client = try await relay.webSocketClient(saying: Handshake.legacy())
            try await relay.waiting(1)
            try await client.send(frame)
            #expect(try await client.next().closeCode == 1002)
            #expect(try await relay.records(1).map(\.mood) == [.lonely])
        }
    }

    @Test("85 (D4): a first message beyond 1 KiB is refused before it is complete")
    func longFirstMessage() async throws {
        try await Self.run { relay in
            let client = try await relay.webSocketClient()
            try await client.send(
                .init(
                    opcode: 2,
                    payload: [UInt8](repeating: 0x78, count: 2000),
                    isFinal: false,
                    announcedLength: 1 << 30
                )
            )
            #expect(try await client.nextBinary() == Array("bad handshake\n".utf8))
            #expect(try await client.next().closeCode == 1000)
            #expect(try await relay.records(1).map(\.mood) == [.errory])
        }
    }

    @Test("22: a client that is upgraded and says nothing is closed after the handshake timeout")
    func silence() async throws {
        try await Self.run(configure: { $0.handshakeTimeout = .milliseconds(200) }) { relay in
            let client = try await relay.webSocketClient()
            #expect(try await client.next().closeCode == 1000)
            #expect(try await relay.records(1).map(\.mood) == [.empty])
        }
    }

    @Test("77: a redundant client gets Close 1000 and nothing else")
    func redundant() async throws {
        try await Self.run { relay in
            let old = try await relay.webSocketClient(saying: Handshake.sided("a", "1"))
            try await relay.waiting(1)
            let new = try await relay.webSocketClient(saying: Handshake.sided("a", "1"))
            try await relay.waiting(2)
            let partner = try await relay.client(Handshake.sided("a", "2"))
            try await partner.expectOK()
            #expect(try await new.nextBinary() == Array("ok\n".utf8))
            #expect(try await old.next().closeCode == 1000)
            #expect(try await relay.records(1).map(\.mood) == [.redundant])
        }
    }
}
