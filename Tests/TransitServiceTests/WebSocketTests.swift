import Observations
import TestSupport
import Testing
import TransitService
import WormholeWire

/// WebSocket clients, alone and with partners of both kinds.
@Suite(.timeLimit(.minutes(1)))
struct WebSocketTests {
    private static let token = String(repeating: "a", count: 64)

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
        "64: what is no proper upgrade is refused, and leaves no record",
        arguments: [
            (
                "GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n",
                ["400"]
            ),
            (
                WebSocketTestClient.request().replacing("Sec-WebSocket-Version: 13", with: "Sec-WebSocket-Version: 12"),
                ["400", "426"]
            ),
            (WebSocketTestClient.request().replacing("GET", with: "POST"), ["405"]),
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

    @Test("80: what follows a bad handshake in the same segment is ignored")
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

    @Test("81: text is refused with 1003, whenever it comes")
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
        "82: violations of the protocol are refused with 1002",
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

    @Test("85: a first message beyond 1 KiB is refused before it is complete")
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

    // MARK: Pairs

    @Test("69: two WebSocket clients get ok, and each other's messages")
    func twoWebSockets() async throws {
        try await Self.run { relay in
            let (first, second) = try await relay.webSocketPair()
            try await first.send(binary: Array("from".utf8))
            try await second.send(binary: Array("back!".utf8))
            #expect(try await second.nextBinary() == Array("from".utf8))
            #expect(try await first.nextBinary() == Array("back!".utf8))
            try await first.send(binary: [])
            #expect(try await second.nextBinary() == [])
            #expect(try await first.close().closeCode == 1000)
            #expect(try await second.next().closeCode == 1000)
            _ = try await second.close()
            let record = try #require(try await relay.records(1).first)
            #expect(record.mood == .happy)
            #expect(record.totalBytes == 9)
            try await relay.isEmpty()
            #expect(relay.moods == [.happy])
        }
    }

    @Test("39, 70, 74: a WebSocket client and a socket pair, whoever waits", arguments: [true, false])
    func mixed(webSocketWaits: Bool) async throws {
        try await Self.run { relay in
            let (client, socket) = try await relay.mixedPair(webSocketWaits: webSocketWaits)
            try await client.send(.binary("from".utf8), .binary([]), .binary("ws".utf8))
            #expect(try await socket.receive(exactly: 6) == Array("fromws".utf8))
            try await socket.send("tcp")
            #expect(try await client.nextBinary() == Array("tcp".utf8))
            #expect(try await client.close().closeCode == 1000)
            #expect(try await socket.rest() == "")
            let record = try #require(try await relay.records(1).first)
            #expect(record.totalBytes == 9)
            try await eventually("the counter of bytes", isTrue: { relay.progressedBytes == 9 })
            #expect(
                relay.observations.contains { observation in
                    if case .transitPaired(let pairing) = observation { pairing.path == .tcpToWebSocket } else { false }
                }
            )
            await socket.close()
            try await relay.isEmpty()
        }
    }

    @Test(
        "71, 72: bytes of a socket arrive as binary messages, complete",
        arguments: [125, 126, 65535, 65536, 200_000]
    )
    func fromSocket(count: Int) async throws {
        try await Self.run { relay in
            let (client, socket) = try await relay.mixedPair(webSocketWaits: true)
            let pattern = Pattern(seed: UInt64(count))
            try await socket.send(pattern, count: count)
            var received = 0
            while received < count {
                let bytes = try await client.nextBinary()
                #expect(pattern.matches(bytes, at: received))
                #expect((1...65536).contains(bytes.count))
                received += bytes.count
            }
            #expect(received == count)
        }
    }

    @Test("72: messages of any size arrive complete at a socket", arguments: [125, 126, 65535, 65536, 131_000])
    func toSocket(count: Int) async throws {
        try await Self.run { relay in
            let (client, socket) = try await relay.mixedPair(webSocketWaits: false)
            let pattern = Pattern(seed: UInt64(count))
            try await client.send(binary: pattern.bytes(at: 0, count: count))
            try await socket.expect(pattern, count: count)
        }
    }

    @Test("73: a message in fragments with a Ping between arrives whole, and the Ping stays with us")
    func fragments() async throws {
        try await Self.run { relay in
            let (client, socket) = try await relay.mixedPair(webSocketWaits: true)
            try await client.send(
                .binary("one".utf8, isFinal: false),
                .ping("ping".utf8),
                .continuation("two".utf8, isFinal: false),
                .continuation("three".utf8)
            )
            let pong = try await client.next()
            #expect(pong.opcode == 10)
            #expect(pong.text == "ping")
            #expect(try await socket.receive(exactly: 11) == Array("onetwothree".utf8))
            try await socket.expectSilence()
        }
    }

    @Test("44, 76: what the second says right behind its handshake is payload")
    func earlySecond() async throws {
        try await Self.run { relay in
            let socket = try await relay.client(Handshake.sided("a", "1"))
            try await relay.waiting(1)
            let client = try await relay.webSocketClient()
            try await client.send(.binary(Handshake.sided("a", "2").utf8), .binary("EARLY".utf8))
            #expect(try await socket.receive(exactly: 8) == Array("ok\nEARLY".utf8))
            #expect(try await client.nextBinary() == Array("ok\n".utf8))

            let waiting = try await relay.webSocketClient(saying: Handshake.sided("b", "1"))
            try await relay.waiting(1)
            let second = try await relay.client(Handshake.sided("b", "2") + "EARLY")
            #expect(try await waiting.nextBinary() == Array("ok\n".utf8))
            #expect(try await waiting.nextBinary() == Array("EARLY".utf8))
            try await second.expectOK()
        }
    }

    // MARK: Ends

    @Test(
        "79: a socket closes: the WebSocket client gets what was left, then Close 1000",
        arguments: [0, 1000, 300_000]
    )
    func socketCloses(count: Int) async throws {
        try await Self.run { relay in
            let (client, socket) = try await relay.mixedPair(webSocketWaits: true)
            let pattern = Pattern(seed: UInt64(count))
            try await socket.send(pattern, count: count)
            await socket.close()
            var received = 0
            while true {
                let frame = try await client.next()
                if frame.opcode == 8 {
                    #expect(frame.closeCode == 1000)
                    break
                }
                #expect(pattern.matches(frame.payload, at: received))
                received += frame.payload.count
            }
            #expect(received == count)
            #expect(try await relay.records(1).map(\.totalBytes) == [UInt64(count)])
            _ = try await client.close()
            try await relay.isEmpty()
        }
    }

    @Test(
        "50, 78: however a client leaves, its partner is told, and there is one record",
        arguments: [
            "ws closes", "ws disconnects", "ws resets", "tcp half-closes", "tcp resets",
        ]
    )
    func ends(how: String) async throws {
        try await Self.run { relay in
            let (client, socket) = try await relay.mixedPair(webSocketWaits: false)
            try await client.send(binary: Array("nine byte".utf8))
            #expect(try await socket.receive(exactly: 9) == Array("nine byte".utf8))
            switch how {
            case "ws closes": _ = try await client.close()
            case "ws disconnects": await client.socket.close()
            case "ws resets": await client.socket.reset()
            case "tcp half-closes": await socket.shutdownOutput()
            default: await socket.reset()
            }
            if how.hasPrefix("ws") {
                #expect(try await socket.rest() == "")
            } else {
                #expect(try await client.next().closeCode == 1000)
                _ = try await client.close()
                if how == "tcp half-closes" { #expect(try await socket.rest() == "") }
            }
            await socket.close()
            #expect(try await relay.records(1).map(\.totalBytes) == [9])
            try await relay.isEmpty()
            #expect(relay.moods == [.happy])
        }
    }

    @Test("53: what a WebSocket client sent before its partner half-closed still arrives")
    func nothingIsLostBackwards() async throws {
        try await Self.run { relay in
            let (client, socket) = try await relay.mixedPair(webSocketWaits: false)
            let pattern = Pattern(seed: 530)
            try await client.send(binary: pattern.bytes(at: 0, count: 1000))
            await socket.shutdownOutput()
            #expect(try await socket.expectToEnd(pattern) == 1000)
        }
    }

    @Test("83: a slow reader gets everything a sender that closed cleanly had sent, then Close")
    func slowReader() async throws {
        try await Self.run { relay in
            let token = Handshake.freshToken()
            let sender = try await relay.webSocketClient(saying: Handshake.sided(token: token, "1"))
            let reader = try await WebSocketTestClient.connect(port: relay.webSocketPort, receiveBuffer: 16384)
            try await reader.send(binary: Array(Handshake.sided(token: token, "2").utf8))
            _ = try await sender.nextBinary()
            #expect(try await reader.nextBinary() == Array("ok\n".utf8))
            let pattern = Pattern(seed: 83)
            async let sent: Void = {
                for offset in stride(from: 0, to: 4_000_000, by: 100_000) {
                    try await sender.send(binary: pattern.bytes(at: offset, count: 100_000))
                }
                _ = try await sender.close()
            }()
            var received = 0
            while true {
                let frame = try await reader.next()
                if frame.opcode == 8 {
                    #expect(frame.closeCode == 1000)
                    break
                }
                #expect(pattern.matches(frame.payload, at: received))
                received += frame.payload.count
                if received % 7 == 0 { try await Task.sleep(for: .milliseconds(20)) }
            }
            #expect(received == 4_000_000)
            try await sent
            #expect(try await relay.records(1).map(\.totalBytes) == [4_000_000])
        }
    }

    @Test("84: one endless message flows as it comes, and is not kept")
    func endlessMessage() async throws {
        try await Self.run { relay in
            let (client, socket) = try await relay.mixedPair(webSocketWaits: true)
            let pattern = Pattern(seed: 84)
            let count = 20 << 20
            // The header announces 60 MB, of which a third comes; masked with zeros, so that it is cheap to make.
            let header = WebSocketTestFrame(opcode: 2, payload: [], mask: [0, 0, 0, 0], announcedLength: 60_000_000)
                .bytes
            async let sent: Void = {
                try await client.socket.send(header)
                try await client.socket.send(pattern, count: count)
            }()
            try await socket.expect(pattern, count: count)
            try await sent
            #expect(relay.relayLevels.bufferedBytes <= 512 << 10)
        }
    }

    @Test("55, 84: a socket that does not read stops its WebSocket partner after a bounded amount")
    func backpressure() async throws {
        try await Self.run { relay in
            let token = Handshake.freshToken()
            let socket = try await relay.client(Handshake.sided(token: token, "1"), receiveBuffer: 16384)
            let client = try await relay.webSocketClient(saying: Handshake.sided(token: token, "2"))
            try await socket.expectOK()
            _ = try await client.nextBinary()
            let pattern = Pattern(seed: 85)
            let header = WebSocketTestFrame(
                opcode: 2,
                payload: [],
                mask: [0, 0, 0, 0],
                announcedLength: 1 << 40
            ).bytes
            try await client.socket.send(header)
            let accepted = try await client.socket.sendUntilBlocked(pattern)
            #expect(accepted < 64 << 20)
            try await eventually("a report of what is buffered", isTrue: { relay.relayLevels.bufferedBytes > 0 })
            #expect(relay.relayLevels.bufferedBytes <= 256 << 10)
            try await socket.expect(pattern, count: accepted)
            await client.socket.close()
            #expect(try await socket.rest() == "")
        }
    }

    @Test("86: what comes after the partner has left is not counted, and no error")
    func late() async throws {
        try await Self.run { relay in
            let (client, socket) = try await relay.mixedPair(webSocketWaits: true)
            await socket.close()
            #expect(try await client.next().closeCode == 1000)
            try await client.send(binary: [UInt8](repeating: 1, count: 1000))
            _ = try await client.close()
            #expect(try await relay.records(1).map(\.totalBytes) == [0])
            try await relay.isEmpty()
            #expect(!relay.observations.contains(.internalErrorCaught(.transit)))
        }
    }

    @Test("87: a WebSocket client's record starts with its accept, not with its handshake")
    func started() async throws {
        try await Self.run { relay in
            let socket = try WebSocketTestSocket.connect(port: relay.webSocketPort)
            try await Task.sleep(for: .milliseconds(300))
            let client = try await WebSocketTestClient.upgrade(socket)
            _ = try await client.close()
            let record = try #require(try await relay.records(1).first)
            #expect(record.totalTime >= .milliseconds(300))
        }
    }

    @Test("62: connections are kept alive")
    func keepAlive() async throws {
        try await Self.run { relay in
            let client = try await relay.webSocketClient()
            let accepted = SocketTable.connections(through: relay.webSocketPort)
            #expect(accepted.count == 1)
            for number in accepted { #expect(SocketTable.option(9, of: number) != 0) }
            _ = try await client.close()
        }
    }

    @Test("101, 102: at the end everyone gets Close 1001 and a record")
    func stopping() async throws {
        let relay = try await TestRelay.start(webSocket: true)
        let (first, second) = try await relay.webSocketPair()
        let (client, socket) = try await relay.mixedPair(webSocketWaits: true)
        let waiting = try await relay.webSocketClient(saying: Handshake.legacy())
        let silent = try await relay.webSocketClient()
        try await relay.waiting(1)
        async let stopped: Void = relay.server.stop(drainTimeout: .zero)
        for client in [first, second, client, waiting, silent] {
            #expect(try await client.next().closeCode == 1001)
            _ = try await client.close(1001)
        }
        #expect(try await socket.rest() == "")
        await stopped
        #expect(Set(relay.moods) == [.happy, .lonely, .empty])
        #expect(relay.records.count == 4)
        #expect(relay.openConnections == 0)
        #expect(SocketTable.connections(through: relay.webSocketPort).isEmpty)
    }

    @Test("clients that ignore the Close do not hold the end up")
    func stoppingTheDeaf() async throws {
        let relay = try await TestRelay.start(webSocket: true)
        let (first, second) = try await relay.webSocketPair()
        let start = ContinuousClock.now
        await relay.server.stop(drainTimeout: .zero)
        #expect(ContinuousClock.now - start < .seconds(8))
        #expect(relay.moods == [.happy])
        #expect(relay.openConnections == 0)
        await first.socket.close()
        await second.socket.close()
    }

    @Test("an idle pair with a WebSocket client ends when the operator says so")
    func idle() async throws {
        try await Self.run(configure: { $0.idleTimeout = .milliseconds(300) }) { relay in
            let (client, socket) = try await relay.mixedPair(webSocketWaits: true)
            #expect(try await socket.rest() == "")
            #expect(try await client.next().closeCode == 1000)
            #expect(try await relay.records(1).first?.session?.cause == .idleTimeout)
        }
    }
}

extension TestRelay {
    /// An upgraded client that has said nothing.
    func webSocketClient() async throws -> WebSocketTestClient {
        try await WebSocketTestClient.connect(port: webSocketPort)
    }

    /// An upgraded client that has said this, in one binary message.
    func webSocketClient(saying message: String) async throws -> WebSocketTestClient {
        let client = try await webSocketClient()
        try await client.send(binary: Array(message.utf8))
        return client
    }

    /// Two WebSocket clients that have been told of each other.
    func webSocketPair() async throws -> (first: WebSocketTestClient, second: WebSocketTestClient) {
        let token = Handshake.freshToken()
        let first = try await webSocketClient(saying: Handshake.sided(token: token, "1"))
        let second = try await webSocketClient(saying: Handshake.sided(token: token, "2"))
        for client in [first, second] {
            let reply = try await client.nextBinary()
            guard reply == Array("ok\n".utf8) else { throw WebSocketTestError(.unexpected, "ok", received: reply) }
        }
        return (first, second)
    }

    /// A WebSocket client and a socket that have been told of each other.
    func mixedPair(
        webSocketWaits: Bool
    ) async throws -> (client: WebSocketTestClient, socket: WebSocketTestSocket) {
        let token = Handshake.freshToken()
        let client: WebSocketTestClient
        let socket: WebSocketTestSocket
        if webSocketWaits {
            client = try await webSocketClient(saying: Handshake.sided(token: token, "1"))
            try await eventually("somebody waiting", isTrue: { levels.connections > 0 })
            socket = try await self.client(Handshake.sided(token: token, "2"))
        } else {
            socket = try await self.client(Handshake.sided(token: token, "1"))
            try await eventually("somebody waiting", isTrue: { levels.connections > 0 })
            client = try await webSocketClient(saying: Handshake.sided(token: token, "2"))
        }
        try await socket.expectOK()
        let reply = try await client.nextBinary()
        guard reply == Array("ok\n".utf8) else { throw WebSocketTestError(.unexpected, "ok", received: reply) }
        return (client, socket)
    }
}
