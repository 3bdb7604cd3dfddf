import Observations
import TestSupport
import Testing
import TransitService
import WormholeWire

/// Bytes that come before there is a partner, over TCP.
@Suite(.timeLimit(.minutes(1)))
struct ImpatienceTests {
    @Test(
        "40, 42, 43: anything behind the handshake is impatience, and leaves nobody waiting",
        arguments: [
            Handshake.legacy() + "x", Handshake.legacy() + Handshake.legacy(), Handshake.legacy() + "\n",
        ]
    )
    func glued(opening: String) async throws {
        try await TestRelay.run { relay in
            let client = try await relay.client(opening)
            #expect(try await client.rest() == "impatient\n")
            let record = try #require(try await relay.records(1).first)
            #expect(record.mood == .impatient)
            #expect(record.totalBytes == 0)
            #expect(relay.observations.contains(.handshakeFinished(form: .legacy, result: .earlyData)))
            let partner = try await relay.client(Handshake.legacy())
            try await relay.waiting(1)
            try await partner.expectSilence()
        }
    }

    @Test("41: so is a byte that comes later")
    func later() async throws {
        try await TestRelay.run { relay in
            let client = try await relay.client(Handshake.sided("a", "1"))
            try await relay.waiting(1)
            try await client.send("x")
            #expect(try await client.rest() == "impatient\n")
            #expect(try await relay.records(1).map(\.mood) == [.impatient])
            try await relay.waiting(0)
        }
    }

    @Test("44: bytes behind the handshake of the second are payload")
    func second() async throws {
        try await TestRelay.run { relay in
            let first = try await relay.client(Handshake.sided("a", "1"))
            try await relay.waiting(1)
            let second = try await relay.client(Handshake.sided("a", "2") + "EARLY")
            #expect(try await first.receive(exactly: 8) == Array("ok\nEARLY".utf8))
            try await second.expectOK()
            await first.close()
            #expect(try await second.rest() == "")
            #expect(try await relay.records(1).map(\.totalBytes) == [5])
        }
    }

    @Test("much behind the handshake of the second is payload too, all of it")
    func muchBehindTheSecond() async throws {
        try await TestRelay.run { relay in
            let pattern = Pattern(seed: 44)
            let first = try await relay.client(Handshake.sided("a", "1"))
            try await relay.waiting(1)
            let second = try relay.connect()
            try await second.send(Array(Handshake.sided("a", "2").utf8) + pattern.bytes(at: 0, count: 130_000))
            await second.shutdownOutput()
            try await first.expectOK()
            #expect(try await first.expectToEnd(pattern) == 130_000)
            #expect(try await second.rest() == "ok\n")
            #expect(try await relay.records(1).map(\.totalBytes) == [130_000])
        }
    }
}
