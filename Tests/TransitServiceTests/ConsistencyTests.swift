import Observations
import TestSupport
import Testing
import TransitService

@Suite("Consistency of the relay", .timeLimit(.minutes(1)))
struct ConsistencyTests {
    @Test("nothing is found while clients of every kind come, pair, talk and go")
    func busy() async throws {
        try await TestRelay.run(webSocket: true) { relay in
            for round in 0..<3 {
                let pair = try await relay.pair()
                let waiting = try await relay.client(Handshake.sided(token: Handshake.freshToken(), "1"))
                let silent = try relay.connect()
                let webSocket = try await WebSocketTestClient.connect(port: relay.webSocketPort, path: "/")
                let token = Handshake.freshToken()
                let partner = try await relay.client(Handshake.sided(token: token, "1"))
                try await webSocket.send(binary: Array(Handshake.sided(token: token, "2").utf8))
                try await partner.expectOK()
                #expect(await relay.server.audit() == [], "round \(round)")
                await waiting.close()
                await pair.first.close()
                await partner.close()
                #expect(await relay.server.audit() == [], "round \(round)")
                await silent.close()
            }
        }
    }

    @Test("a relay that is stopped has nothing to say, and nobody waits for it")
    func stopped() async throws {
        let relay = try await TestRelay.start()
        await relay.server.stop(drainTimeout: .zero)
        #expect(await relay.server.audit() == [])
    }
}
