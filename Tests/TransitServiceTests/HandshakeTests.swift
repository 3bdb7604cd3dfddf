import Observations
import TestSupport
import Testing
import TransitService
import WormholeWire

/// The first line over TCP. Numbers are those of the conformance list of the relay's specification.
@Suite(.timeLimit(.minutes(1)))
struct HandshakeTests {
    @Test(
        "1-4: a valid line is answered by nothing; who leaves before a partner comes was lonely",
        arguments: [
            Handshake.legacy("a"), Handshake.sided("a", "1"), Handshake.legacy("A"), Handshake.legacy("z"),
            Handshake.legacy("_"), Handshake.sided("a", "B"), Handshake.sided("a", "_"),
        ]
    )
    func validLines(line: String) async throws {
        try await TestRelay.run { relay in
            let client = try await relay.client(line)
            try await relay.waiting(1)
            try await client.expectSilence()
            await client.close()
            let record = try #require(try await relay.records(1).first)
            #expect(record.mood == .lonely)
            #expect(record.waitingTime == nil)
            #expect(record.totalBytes == 0)
            try await relay.isEmpty()
        }
    }

    @Test(
        "5-12, 15: a complete line that is no handshake is told so",
        arguments: [
            Handshake.legacy("-"),
            "please relay \(String(repeating: "a", count: 63))\n",
            "please relay \(String(repeating: "a", count: 65))\n",
            "please relay \(String(repeating: "a", count: 64)) for side \(String(repeating: "1", count: 15))\n",
            "please relay \(String(repeating: "a", count: 64)) for side \(String(repeating: "1", count: 17))\n",
            Handshake.sided("a", "-"), Handshake.legacy("é"),
            "please relay \(String(repeating: "a", count: 64))\r\n",
            "please relay \(String(repeating: "a", count: 64)) for side 1111111111111111\r\n",
            Handshake.legacy().uppercased(), "please  relay \(String(repeating: "a", count: 64))\n",
            " " + Handshake.legacy(), "please relay \(String(repeating: "a", count: 64)) \n", "\n",
            "GET / HTTP/1.1\r\nHost: x\r\n\r\n", String(repeating: "x", count: 1024) + "\n",
        ]
    )
    func badLines(line: String) async throws {
        try await TestRelay.run { relay in
            let client = try await relay.client(line)
            #expect(try await client.rest() == "bad handshake\n")
            #expect(try await relay.records(1).map(\.mood) == [.errory])
            await client.close()
            try await relay.isEmpty()
            #expect(relay.moods == [.errory])
        }
    }

    @Test("13, 21: bytes that are no text are one bad handshake, and one record")
    func binaryLine() async throws {
        try await TestRelay.run { relay in
            let client = try relay.connect()
            try await client.send([0x00, 0x01, 0xE0, 0x0F, 0x0A, 0xFF])
            #expect(try await client.rest() == "bad handshake\n")
            await client.close()
            try await relay.isEmpty()
            #expect(relay.moods == [.errory])
        }
    }

    @Test("8: a token with bytes that are no ASCII is a bad one")
    func highBytes() async throws {
        try await TestRelay.run { relay in
            let client = try relay.connect()
            try await client.send(Array("please relay ".utf8) + [UInt8](repeating: 0xE9, count: 64) + [0x0A])
            #expect(try await client.rest() == "bad handshake\n")
            #expect(try await relay.records(1).map(\.mood) == [.errory])
        }
    }

    @Test("14: a line that comes byte by byte pairs")
    func byteByByte() async throws {
        try await TestRelay.run { relay in
            let first = try await relay.client(Handshake.sided("a", "1"))
            let second = try relay.connect()
            for byte in Handshake.sided("a", "2").utf8 { try await second.send([byte]) }
            try await first.expectOK()
            try await second.expectOK()
        }
    }

    @Test(
        "16, 18: a line that is too long is not answered",
        arguments: [
            String(repeating: "x", count: 1025) + "\n", String(repeating: "x", count: 5000),
        ]
    )
    func tooLong(line: String) async throws {
        try await TestRelay.run { relay in
            let client = try await relay.client(line)
            let answer = try await client.rest()
            #expect(answer == "" || answer == "<reset>", "unread input may turn the end into a reset")
            #expect(try await relay.records(1).map(\.mood) == [.empty])
            try await relay.isEmpty()
        }
    }

    @Test("17: 1024 bytes may still become a line, 1025 cannot")
    func atTheLimit() async throws {
        try await TestRelay.run { relay in
            let client = try await relay.client(String(repeating: "x", count: 1024))
            let other = try await relay.client(Handshake.legacy())
            try await relay.waiting(1)
            try await client.expectSilence()
            #expect(relay.records.isEmpty)
            try await client.send("x")
            #expect(try await client.rest() == "")
            #expect(try await relay.records(1).map(\.mood) == [.empty])
            await other.close()
        }
    }

    @Test("19: who connects and leaves was empty")
    func connectAndLeave() async throws {
        try await TestRelay.run { relay in
            let client = try relay.connect()
            await client.close()
            let record = try #require(try await relay.records(1).first)
            #expect(record.mood == .empty)
            #expect(record.totalBytes == 0)
            #expect(record.waitingTime == nil)
        }
    }

    enum Departure: CaseIterable { case close, halfClose, reset }

    @Test("20: half a line is empty, however the client leaves", arguments: Departure.allCases)
    func halfALine(departure: Departure) async throws {
        try await TestRelay.run { relay in
            let client = try await relay.client("please relay")
            try await eventually("the connection", isTrue: { relay.openConnections == 1 })
            switch departure {
            case .close: await client.close()
            case .halfClose:
                await client.shutdownOutput()
                #expect(try await client.rest() == "")
            case .reset: await client.reset()
            }
            #expect(try await relay.records(1).map(\.mood) == [.empty])
            try await relay.isEmpty()
        }
    }

    @Test("22 (D9): who says nothing is closed after the handshake timeout, and nobody else is")
    func silence() async throws {
        try await TestRelay.run(configure: { $0.handshakeTimeout = .milliseconds(300) }) { relay in
            let waiting = try await relay.client(Handshake.legacy())
            try await relay.waiting(1)
            let silent = try relay.connect()
            let slow = try await relay.client("please")
            #expect(try await silent.rest() == "")
            #expect(try await slow.rest() == "")
            #expect(try await relay.records(2).map(\.mood) == [.empty, .empty])
            try await waiting.expectSilence()
            #expect(relay.observations.contains(.handshakeFinished(form: .invalid, result: .timeout)))
            #expect(relay.observations.contains(.limitHit(.transitHandshakeTimeout)))
            let partner = try await relay.client(Handshake.legacy())
            try await waiting.expectOK()
            try await partner.expectOK()
        }
    }

    @Test("23: a bad line with much behind it still gets its answer")
    func badLineAndMore() async throws {
        try await TestRelay.run { relay in
            let client = try relay.connect()
            try await client.send(Array("bad\n".utf8) + [UInt8](repeating: 0x78, count: 300_000))
            #expect(try await client.rest() == "bad handshake\n")
            await client.close()
            try await relay.isEmpty()
            #expect(relay.moods == [.errory])
        }
    }

    @Test("a refused client that never closes is closed")
    func refusedAndStaying() async throws {
        try await TestRelay.run(configure: { $0.farewellTimeout = .milliseconds(100) }) { relay in
            let client = try await relay.client("bad\n")
            #expect(try await client.rest() == "bad handshake\n")
            try await relay.isEmpty()
            await client.close()
        }
    }

    @Test("a refused client that sends for ever is closed after a megabyte")
    func refusedAndSending() async throws {
        try await TestRelay.run(configure: { $0.farewellTimeout = .zero }) { relay in
            let client = try await relay.client("bad\n")
            let chunk = [UInt8](repeating: 0x78, count: 65536)
            await #expect(throws: WebSocketTestError.self) {
                while true { try await client.send(chunk) }
            }
            try await relay.isEmpty()
            #expect(relay.moods == [.errory])
        }
    }
}
