import TestSupport
import Testing

/// What a server sees on a lively day, in rounds of the length of its ping interval: wormholes, pairs of every kind, and
/// mistakes.
struct ScriptedTraffic {
    private static let app = "lothar.com/wormhole/text-or-file-xfer"
    /// More than the relay's throughput is measured from.
    private static let cargo = String(repeating: "wormhole", count: 200_000)

    private let ports: RunningServer.Ports
    /// Stays connected and says nothing, so that the server sends it pings.
    private let resident: WebSocketTestClient
    /// Waits for a partner who never comes.
    private let lonely: WebSocketTestSocket
    /// Relayed all the while.
    private let pair: RelayPair

    init(_ ports: RunningServer.Ports) async throws {
        self.ports = ports
        resident = try await WebSocketTestClient.connect(port: ports.mailbox, path: "/v1")
        _ = try await resident.nextText()
        lonely = try WebSocketTestSocket.connect(port: ports.transit)
        try await lonely.send(RelayHandshake.line(token: RelayHandshake.token(), side: "0000000000000001"))
        pair = try await RelayPair(port: ports.transit)
    }

    /// Leaves nobody connected.
    func end() async throws {
        for socket in [lonely, pair.left, pair.right] { await socket.close() }
        _ = try await resident.close()
    }

    func round() async throws {
        try await answerPing()
        try await wormhole()
        try await mistakes()
        let pair = try await RelayPair(port: ports.transit)
        try await pair.expectPassage(of: Self.cargo)
        await pair.left.close()
        try await bridge()
    }

    private func answerPing() async throws {
        let ping = try await resident.next()
        try #require(ping.opcode == 9)
        try await resident.send(.pong(ping.payload))
    }

    /// Two clients meet by a code; one of them comes a second time, and finds what it has missed.
    private func wormhole() async throws {
        let alice = try await MailboxClient(port: ports.mailbox, app: Self.app, side: "alice")
        try await alice.send(["type": "ping", "ping": 1])
        _ = try await alice.next("pong")
        try await alice.send(["type": "allocate"])
        let nameplate = try #require(try await alice.next("allocated")["nameplate"]?.string)
        let mailbox = try await alice.meet(at: nameplate)
        try await alice.add("pake", "00")
        let bob = try await MailboxClient(port: ports.mailbox, app: Self.app, side: "bob")
        _ = try await bob.meet(at: nameplate)
        try await bob.expect("pake", "00")
        try await bob.add("pake", "11")
        let again = try await MailboxClient(port: ports.mailbox, app: Self.app, side: "alice")
        try await again.send(["type": "open", "mailbox": .string(mailbox)])
        try await again.expect("pake", "00")
        try await bob.leave()
        try await alice.leave()
        for client in [alice, bob, again] { _ = try await client.connection.close() }
    }

    private func mistakes() async throws {
        let client = try await WebSocketTestClient.connect(port: ports.mailbox, path: "/v1")
        try await client.send(text: "nonsense")
        _ = try await client.close()
        let scanner = try WebSocketTestSocket.connect(port: ports.transit)
        try await scanner.send("GET / HTTP/1.1\r\n\r\n")
        _ = try await scanner.receiveToEnd()
        await scanner.close()
    }

    /// A pair of a TCP and a WebSocket client.
    private func bridge() async throws {
        let token = RelayHandshake.token()
        let browser = try await WebSocketTestClient.connect(port: ports.transitWebSocket)
        try await browser.send(binary: Array(RelayHandshake.line(token: token, side: "0000000000000001").utf8))
        let other = try WebSocketTestSocket.connect(port: ports.transit)
        try await other.send(RelayHandshake.line(token: token, side: "0000000000000002"))
        #expect(try await other.receive(exactly: 3) == Array("ok\n".utf8))
        try await other.send("across")
        #expect(try await browser.nextBinary() == Array("ok\n".utf8))
        #expect(try await browser.nextBinary() == Array("across".utf8))
        await other.close()
        _ = try await browser.close()
    }
}
