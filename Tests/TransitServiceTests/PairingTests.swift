import Observations
import TestSupport
import Testing
import TransitService
import WormholeWire

/// Who is joined with whom, over TCP.
@Suite(.timeLimit(.minutes(1)))
struct PairingTests {
    @Test(
        "24-26, 28: clients of one token pair unless they are one side",
        arguments: [
            (Handshake.legacy(), Handshake.legacy()),
            (Handshake.legacy(), Handshake.sided("a", "1")),
            (Handshake.sided("a", "1"), Handshake.legacy()),
            (Handshake.sided("a", "1"), Handshake.sided("a", "2")),
            (Handshake.sided("a", "a"), Handshake.sided("a", "A")),
        ]
    )
    func pairs(first: String, second: String) async throws {
        try await TestRelay.run { relay in
            let first = try await relay.client(first)
            try await relay.waiting(1)
            let second = try await relay.client(second)
            try await first.expectOK()
            try await second.expectOK()
            try await relay.waiting(0)
            #expect(relay.observations.contains { if case .transitPaired = $0 { true } else { false } })
        }
    }

    @Test("27: two connections of one side wait, and count as one token")
    func oneSide() async throws {
        try await TestRelay.run { relay in
            let first = try await relay.client(Handshake.sided("a", "1"))
            let second = try await relay.client(Handshake.sided("a", "1"))
            try await relay.waiting(2)
            #expect(relay.levels.tokens == 1)
            try await first.expectSilence()
            try await second.expectSilence()
        }
    }

    @Test(
        "29, 38: other tokens are other tokens, upper case and lower case apart",
        arguments: [
            (Handshake.legacy("a"), Handshake.legacy("A")), (Handshake.legacy("a"), Handshake.legacy("b")),
        ]
    )
    func otherTokens(first: String, second: String) async throws {
        try await TestRelay.run { relay in
            let first = try await relay.client(first)
            let second = try await relay.client(second)
            try await relay.waiting(2)
            #expect(relay.levels.tokens == 2)
            try await first.expectSilence()
            try await second.expectSilence()
        }
    }

    @Test("30-32 (D19): the last of one side is chosen, the others end as redundant, and the pair leaves one record")
    func redundant() async throws {
        try await TestRelay.run { relay in
            var waiting: [WebSocketTestSocket] = []
            for count in 1...3 {
                waiting.append(try await relay.client(Handshake.sided("a", "1")))
                try await relay.waiting(count)
            }
            let partner = try await relay.client(Handshake.sided("a", "2"))
            try await partner.expectOK()
            try await waiting[2].expectOK()
            #expect(try await waiting[0].rest() == "")
            #expect(try await waiting[1].rest() == "")
            #expect(try await relay.records(2).map(\.mood) == [.redundant, .redundant])
            await partner.close()
            #expect(try await waiting[2].rest() == "")
            try await relay.isEmpty()
            #expect(relay.moods == [.redundant, .redundant, .happy])
        }
    }

    @Test("33: a third client of a token waits, and does not disturb the pair")
    func third() async throws {
        try await TestRelay.run { relay in
            let first = try await relay.client(Handshake.sided("a", "1"))
            let second = try await relay.client(Handshake.sided("a", "2"))
            try await first.expectOK()
            try await second.expectOK()
            let third = try await relay.client(Handshake.sided("a", "3"))
            try await relay.waiting(1)
            try await first.send("undisturbed")
            #expect(try await second.receive(exactly: 11) == Array("undisturbed".utf8))
            let fourth = try await relay.client(Handshake.sided("a", "1"))
            try await third.expectOK()
            try await fourth.expectOK()
            try await first.expectSilence()
        }
    }

    @Test("34: of three without a side two pair, and the third waits")
    func threeLegacy() async throws {
        try await TestRelay.run { relay in
            let clients = [
                try await relay.client(Handshake.legacy()), try await relay.client(Handshake.legacy()),
                try await relay.client(Handshake.legacy()),
            ]
            try await relay.waiting(1)
            var paired = 0
            for client in clients where try await client.hasReceivedSomething() { paired += 1 }
            #expect(paired == 2)
        }
    }

    @Test("35-37: who left is not paired any more", arguments: HandshakeTests.Departure.allCases)
    func left(departure: HandshakeTests.Departure) async throws {
        try await TestRelay.run { relay in
            let first = try await relay.client(Handshake.sided("a", "1"))
            try await relay.waiting(1)
            switch departure {
            case .close: await first.close()
            case .halfClose:
                await first.shutdownOutput()
                #expect(try await first.rest() == "")
            case .reset: await first.reset()
            }
            #expect(try await relay.records(1).map(\.mood) == [.lonely])
            let second = try await relay.client(Handshake.sided("a", "2"))
            try await relay.waiting(1)
            try await second.expectSilence()
            await second.close()
            #expect(try await relay.records(2).map(\.mood) == [.lonely, .lonely])
        }
    }

    @Test("39: clients of a Unix socket pair, and its file goes with the relay")
    func unixSocket() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/relay.sock"
        try await TestRelay.run(path: path) { relay in
            let (first, second) = try await relay.pair()
            try await first.send("hello")
            #expect(try await second.receive(exactly: 5) == Array("hello".utf8))
            await first.close()
            #expect(try await second.rest() == "")
            let record = try #require(try await relay.records(1).first)
            #expect(record.totalBytes == 5)
            #expect(record.session?.cause == .clientClose)
            try await relay.isEmpty()
            #expect(
                relay.observations.contains(
                    .connectionAccepted(ConnectionKind(component: .transit, transport: .tcp, family: .unix))
                )
            )
        }
        #expect(throws: WebSocketTestError.self) { try WebSocketTestSocket.connect(path: path) }
    }

    @Test("a client that waits for too long is lonely")
    func waitTimeout() async throws {
        try await TestRelay.run(configure: { $0.waitTimeout = .milliseconds(200) }) { relay in
            let client = try await relay.client(Handshake.legacy())
            #expect(try await client.rest() == "")
            #expect(try await relay.records(1).map(\.mood) == [.lonely])
            #expect(relay.observations.contains(.limitHit(.transitWaitTimeout)))
        }
    }

    @Test("135: with 500 waiting, a partner for any of them pairs")
    func manyWaiting() async throws {
        try await TestRelay.run { relay in
            var waiting: [(token: String, client: WebSocketTestSocket)] = []
            for _ in 0..<500 {
                let token = Handshake.freshToken()
                waiting.append((token, try await relay.client(Handshake.sided(token: token, "1"))))
            }
            try await relay.waiting(500)
            #expect(relay.levels.tokens == 500)
            for index in [0, 499, 250, 1, 123] {
                let partner = try await relay.client(Handshake.sided(token: waiting[index].token, "2"))
                try await partner.expectOK()
                try await waiting[index].client.expectOK()
            }
            try await relay.waiting(495)
        }
    }
}

extension WebSocketTestSocket {
    /// Whether there is anything to read, which is then read.
    func hasReceivedSomething() throws -> Bool { try receiveAvailable() != nil }
}
