import TestSupport
import Testing

/// A mailbox client that speaks by script, for tests about what a conversation leads to.
struct MailboxClient {
    let connection: WebSocketTestClient

    /// Connects and binds.
    ///
    /// - Parameters:
    ///   - version: What it says it is: an implementation and its version.
    ///   - headers: Of the upgrade request, such as those of a proxy.
    init(
        port: Int,
        app: String,
        side: String,
        version: [String]? = nil,
        headers: [String] = []
    ) async throws {
        try await self.init(over: .connect(port: port), app: app, side: side, version: version, headers: headers)
    }

    /// Upgrades a connection and binds.
    init(
        over socket: WebSocketTestSocket,
        app: String,
        side: String,
        version: [String]? = nil,
        headers: [String] = []
    ) async throws {
        connection = try await WebSocketTestClient.upgrade(socket, path: "/v1", headers: headers)
        _ = try await next("welcome")
        var bind: [String: JSON] = ["type": "bind", "appid": .string(app), "side": .string(side)]
        bind["client_version"] = version.map { .array($0.map { .string($0) }) }
        try await send(.object(bind))
    }

    func send(_ message: JSON) async throws {
        try await connection.send(text: message.text)
    }

    /// The next message of a type; those before it are passed over, and pings are answered.
    func next(_ type: String) async throws -> JSON {
        while true {
            let frame = try await connection.next()
            if frame.opcode == 9 {
                try await connection.send(.pong(frame.payload))
                continue
            }
            let message = try JSON(frame.text)
            if message["type"]?.string == type { return message }
            try #require(message["type"] != "error", "\(message.text), while waiting for \(type)")
        }
    }

    /// Says a command and returns the text of the error it ends in.
    func refusal(of command: JSON) async throws -> String {
        try await send(command)
        while true {
            let message = try JSON(try await connection.nextText())
            guard message["type"] == "error" else { continue }
            #expect(message["orig"] == command)
            return message["error"]?.string ?? ""
        }
    }

    /// The mailbox that another client's claim is answered with.
    static func claimed(by other: WebSocketTestClient) async throws -> String {
        while true {
            let message = try JSON(try await other.nextText())
            if message["type"] == "claimed", let mailbox = message["mailbox"]?.string { return mailbox }
        }
    }

    /// Claims a nameplate.
    ///
    /// - Returns: Its mailbox.
    func claim(_ nameplate: String) async throws -> String {
        try await send(["type": "claim", "nameplate": .string(nameplate)])
        return try #require(try await next("claimed")["mailbox"]?.string)
    }

    /// Claims a nameplate and opens its mailbox.
    func meet(at nameplate: String) async throws -> String {
        let mailbox = try await claim(nameplate)
        try await send(["type": "open", "mailbox": .string(mailbox)])
        return mailbox
    }

    /// Adds a message and waits for it to come back, which says that it is kept.
    func add(_ phase: String, _ body: String) async throws {
        try await send(["type": "add", "phase": .string(phase), "body": .string(body)])
        try await expect(phase, body)
    }

    /// Waits for a message of a phase, and expects its body.
    func expect(_ phase: String, _ body: String) async throws {
        while true {
            let message = try await next("message")
            guard message["phase"]?.string == phase else { continue }
            #expect(message["body"]?.string == body)
            return
        }
    }

    /// Releases the nameplate and closes the mailbox, and waits for both to be confirmed.
    func leave(_ mood: String = "happy") async throws {
        try await release()
        try await close(mood)
    }

    /// Releases the nameplate, and waits for that to be confirmed.
    func release() async throws {
        try await send(["type": "release"])
        _ = try await next("released")
    }

    /// Closes the mailbox, and waits for that to be confirmed.
    func close(_ mood: String = "happy") async throws {
        try await send(["type": "close", "mood": .string(mood)])
        _ = try await next("closed")
    }
}
