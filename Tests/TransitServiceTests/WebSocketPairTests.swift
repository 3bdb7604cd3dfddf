import Observations
import TestSupport
import Testing
import TransitService
import WormholeWire

/// Bytes of WebSocket clients with partners of both kinds.
@Suite(.timeLimit(.minutes(1)))
struct WebSocketPairTests {
    private static func run(
        configure: (inout TransitConfiguration) -> Void = { _ in },
        _ body: (TestRelay) async throws -> Void
    ) async throws {
        try await TestRelay.run(webSocket: true, configure: configure, body)
    }

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
}
