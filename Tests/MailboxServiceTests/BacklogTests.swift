import MailboxRules
import MailboxService
import Observations
import TestSupport
import Testing
import WormholeWire

@Suite("A disk that stands still", .timeLimit(.minutes(1)))
struct BacklogTests {
    @Test(
        "D25: what waits for the disk is bounded; beyond it clients are told at once, and all is well when it moves again"
    )
    func bounded() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/relay.sqlite"
        let harness = try await MailboxServerHarness(database: path) { $0.maximumBacklog = 100_000 }
        let writers = [try await harness.visitor("a"), try await harness.visitor("b")]
        for visitor in writers { try await visitor.open("m") }
        let other = try HeldDatabase(path)
        let body = String(repeating: "0", count: 10_000)
        // The first one is being written, the others wait.
        for _ in 0..<12 {
            for visitor in writers { try await visitor.say(#"{"type":"add","phase":"p","body":"\#(body)"}"#) }
        }
        let started = ContinuousClock.now
        // Until the writers' messages are taken note of, an open is not refused but waits for the disk as well.
        let refused = try await eventually("an open is refused at once") { try await refusal(of: harness) }
        #expect(ContinuousClock.now - started < .seconds(4))
        try other.letGo()
        // Everything that was taken is kept, and the refused ones were told so.
        for visitor in writers {
            var (messages, errors) = (0, 0)
            while messages < 1 || messages + errors < 12 {
                let message = try await visitor.hear()
                switch message["type"]?.string {
                case "message": messages += 1
                case "error":
                    #expect(message["error"] == "server storage failure")
                    errors += 1
                default: break
                }
            }
        }
        try await refused.open("y")
        try await refused.add("new work")
        await harness.server.stop()
    }

    /// A client whose `open` was refused; `nil` when it was not within a moment.
    private func refusal(of harness: MailboxServerHarness) async throws -> Visitor? {
        let visitor = try await harness.visitor("c")
        try await visitor.tell(#"{"type":"open","mailbox":"x"}"#)
        await visitor.webSocket.socket.setDeadline(.milliseconds(300))
        do {
            #expect(try await visitor.hear("error")["error"] == "server storage failure")
        } catch let error as WebSocketTestError where error.code == .deadline {
            return nil
        }
        await visitor.webSocket.socket.setDeadline(.seconds(20))
        return visitor
    }

    @Test("two clients that come back after their time finish, where the operator lets their mailbox live that long")
    func longLived() async throws {
        let configure = { (configuration: inout MailboxConfiguration) in
            configuration.expiry = ExpiryPolicy(standard: .milliseconds(300), perApp: [AppID("slow")!: .seconds(3600)])
            configuration.expiryInterval = .milliseconds(100)
        }
        try await MailboxServerHarness.run(configure) { harness in
            var mailboxes: [String: String] = [:]
            for app in ["slow", "app"] {
                for side in ["a", "b"] {
                    let visitor = try await harness.visitor(side, app: app)
                    mailboxes[app] = try await visitor.claim("4")
                    try await visitor.open(mailboxes[app] ?? "")
                    if side == "a" { try await visitor.add("pake") }
                    await visitor.vanish()
                }
            }
            try await harness.observed("the ordinary application's mailbox goes") {
                if case .pruned(nameplates: 1, mailboxes: 1, messages: 1) = $0 { true } else { false }
            }
            for side in ["a", "b"] {
                let visitor = try await harness.visitor(side, app: "slow")
                #expect(try await visitor.claim("4") == mailboxes["slow"])
                try await visitor.open(mailboxes["slow"] ?? "")
                #expect(try await visitor.bodies(1) == ["pake"])
            }
            #expect(try await harness.visitor("a", app: "app").list() == [])
        }
    }
}
