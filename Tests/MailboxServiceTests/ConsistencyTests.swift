import NIOCore
import Observations
import TestSupport
import Testing

@testable import MailboxRules
@testable import MailboxService

@Suite("Consistency of the mailbox server", .timeLimit(.minutes(1)))
struct ConsistencyTests {
    @Test("nothing is found while clients come, talk and go")
    func busy() async throws {
        let harness = try await MailboxServerHarness()
        for round in 0..<3 {
            let client = try await harness.bound("side-\(round)")
            _ = try await client.ask(["type": "claim", "nameplate": "\(round)"], for: "claimed")
            try await client.send(["type": "open", "mailbox": "m"])
            #expect(await harness.server.audit() == [])
            if round == 1 { _ = try await client.webSocket.close() }
        }
        #expect(await harness.server.audit() == [])
        await harness.server.stop()
    }

    @Test("a deliberate corruption of a running server is found")
    func corruption() async throws {
        let harness = try await MailboxServerHarness()
        let client = try await harness.bound("side")
        _ = try await client.ask(["type": "claim", "nameplate": "4"], for: "claimed")
        let loop = harness.server.loop
        try await harness.onLoop { loop.value.rendezvous.store.mailboxes.removeAll() }
        let findings = await harness.server.audit()
        #expect(findings.contains { $0.check == .nameplateMailbox })
        #expect(findings.contains { $0.check == .counterGauge })
        // An end that was never counted.
        try await harness.onLoop { loop.value.source.append(.connectionAccepted(Self.kind)) }
        #expect(
            await harness.server.audit().contains {
                $0.what == "connections of the mailbox server: counted 2, there are 1"
            }
        )
        await harness.server.stop()
    }

    private static let kind = ConnectionKind(component: .mailbox, transport: .webSocket, family: .ipv4)
}
