import TestSupport
import Testing

/// A little of everything that a mailbox server and a relay count: two meetings of two clients, two pairs, one lonely client.
struct Traffic {
    static let bytesOfEachPair = 123_456

    let mailbox: Int
    let transit: Int

    func run() async throws {
        for number in 1...2 {
            try await meet(at: "\(number)")
            try await transfer()
        }
        let lonely = try WebSocketTestSocket.connect(port: transit)
        try await lonely.send(RelayHandshake.line(token: RelayHandshake.token(), side: "0000000000000001"))
        await lonely.close()
    }

    private func meet(at nameplate: String) async throws {
        let python = try await MailboxClient(
            port: mailbox,
            app: "munin",
            side: "a\(nameplate)",
            version: ["python", "0.24.0"]
        )
        let go = try await MailboxClient(
            port: mailbox,
            app: "munin",
            side: "b\(nameplate)",
            version: ["go-william", "v1.0.6"]
        )
        #expect(try await python.meet(at: nameplate) == go.meet(at: nameplate))
        try await python.leave()
        try await go.leave()
    }

    private func transfer() async throws {
        let pair = try await RelayPair(port: transit)
        try await pair.expectPassage(of: String(repeating: "x", count: Self.bytesOfEachPair))
        await pair.left.close()
        await pair.right.close()
    }
}
