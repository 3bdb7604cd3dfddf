import MailboxService
import TestSupport
import Testing

/// A client that says frames as they stand in the mailbox conformance list, and checks of everything it hears what always
/// holds: one JSON object in a text frame, with exactly the keys of its type, and the server's time.
struct Visitor: Sendable {
    let webSocket: WebSocketTestClient

    /// The keys of each type besides `type` and `server_tx`. Source: mailbox protocol, section on server messages.
    private static let keys: [String: Set<String>] = [
        "welcome": ["welcome"], "ack": ["id"], "pong": ["pong"], "nameplates": ["nameplates"],
        "allocated": ["nameplate"], "claimed": ["mailbox"], "released": [], "closed": [],
        "message": ["side", "phase", "body", "id", "server_rx"], "error": ["error", "orig"],
    ]

    // MARK: Hearing

    /// The next message.
    func hear() async throws -> JSON {
        let message = try JSON(try await webSocket.nextText())
        let type = try #require(message["type"]?.string, "\(message.text)")
        let keys = try #require(Self.keys[type], "\(message.text)")
        #expect(message.keys == keys.union(["type", "server_tx"]), "\(message.text)")
        #expect(message["server_tx"]?.number != nil, "\(message.text)")
        return message
    }

    /// The next message, which must be of this type.
    func hear(_ type: String) async throws -> JSON {
        let message = try await hear()
        try #require(message["type"]?.string == type, "\(message.text) instead of \(type)")
        return message
    }

    // MARK: Saying

    func say(_ text: String) async throws {
        try await webSocket.send(text: text)
    }

    /// Says a command that is answered by its `ack` alone, as far as the next message tells.
    func tell(_ text: String) async throws {
        try await say(text)
        let id = try JSON(text)["id"] ?? .null
        #expect(try await hear("ack")["id"] == id, "\(text)")
    }

    /// Says a command and returns its reply.
    func ask(_ text: String, for type: String) async throws -> JSON {
        try await tell(text)
        return try await hear(type)
    }

    /// Says a command that ends in an error about itself.
    func expect(_ error: String, for text: String) async throws {
        let message = try await ask(text, for: "error")
        #expect(message["error"]?.string == error, "\(text)")
        let original = try JSON(text)
        #expect(message["orig"] == original, "\(text)")
    }

    /// Makes sure that nothing is left to hear, by a ping.
    func expectSilence() async throws {
        #expect(try await ask(#"{"type":"ping","ping":"quiet?"}"#, for: "pong")["pong"] == "quiet?")
    }

    // MARK: What every other test needs

    func bind(_ side: String, app: String = "app") async throws {
        try await tell(#"{"type":"bind","appid":"\#(app)","side":"\#(side)"}"#)
    }

    /// - Returns: The mailbox.
    func claim(_ nameplate: String) async throws -> String {
        let claimed = try await ask(#"{"type":"claim","nameplate":"\#(nameplate)"}"#, for: "claimed")
        return try #require(claimed["mailbox"]?.string)
    }

    func open(_ mailbox: String) async throws {
        try await tell(#"{"type":"open","mailbox":"\#(mailbox)"}"#)
    }

    /// Adds a message of phase `p` and hears it come back.
    func add(_ body: String) async throws {
        let message = try await ask(#"{"type":"add","phase":"p","body":"\#(body)"}"#, for: "message")
        #expect(message["body"]?.string == body)
    }

    /// The bodies of the next messages.
    func bodies(_ count: Int) async throws -> [String] {
        var bodies: [String] = []
        while bodies.count < count { bodies.append(try await hear("message")["body"]?.string ?? "") }
        return bodies
    }

    /// Hears on until so many messages have come, whatever comes between them.
    func skip(messages count: Int) async throws {
        var heard = 0
        while heard < count { heard += try await hear()["type"] == "message" ? 1 : 0 }
    }

    func list() async throws -> [String] {
        let nameplates = try await ask(#"{"type":"list"}"#, for: "nameplates")["nameplates"]?.array ?? []
        #expect(nameplates.allSatisfy { $0.keys == ["id"] })
        return nameplates.compactMap { $0["id"]?.string }
    }

    func release() async throws {
        _ = try await ask(#"{"type":"release"}"#, for: "released")
    }

    func close() async throws {
        _ = try await ask(#"{"type":"close"}"#, for: "closed")
    }

    /// Ends the connection without a word.
    func vanish() async {
        await webSocket.socket.close()
    }
}

extension MailboxServerHarness {
    /// A client that has connected, and its welcome.
    func visit(path: String = "/v1", headers: [String] = []) async throws -> (visitor: Visitor, welcome: JSON) {
        let visitor = Visitor(webSocket: try await .connect(port: port, path: path, headers: headers))
        return (visitor, try #require(try await visitor.hear("welcome")["welcome"]))
    }

    /// A client that has bound.
    func visitor(_ side: String, app: String = "app") async throws -> Visitor {
        let visitor = try await visit().visitor
        try await visitor.bind(side, app: app)
        return visitor
    }

    /// Runs a test against a server of its own, and stops that.
    static func run(
        _ configure: (inout MailboxConfiguration) -> Void = { _ in },
        _ test: (MailboxServerHarness) async throws -> Void
    ) async throws {
        let harness = try await MailboxServerHarness(configure)
        do {
            try await test(harness)
        } catch {
            await harness.server.stop()
            throw error
        }
        await harness.server.stop()
    }
}
