import Foundation
import Glibc
import TestSupport
import Testing

/// Two clients in the middle of an exchange, and a server that is killed twice under them.
@Suite("Resuming after a crash", .timeLimit(.minutes(2)))
struct ResumeTests {
    /// One side of the exchange, on whichever connection it has now.
    private struct Participant {
        let side: String
        private var client: WebSocketTestClient

        init(_ side: String, at server: RunningServer) async throws {
            self.side = side
            client = try await Self.connect(side, to: server)
        }

        mutating func reconnect(to server: RunningServer) async throws {
            client = try await Self.connect(side, to: server)
        }

        private static func connect(_ side: String, to server: RunningServer) async throws -> WebSocketTestClient {
            let client = try await WebSocketTestClient.connect(port: await server.ports.mailbox, path: "/v1")
            try await client.send(text: #"{"type":"bind","appid":"resume","side":"\#(side)"}"#)
            return client
        }

        /// Sends a command and returns the next message that has a key.
        func ask(_ command: String, for key: String) async throws -> String {
            try await client.send(text: command)
            while true {
                let message = try JSON(try await client.nextText())
                try #require(message["error"] == nil, "\(command): \(message.text)")
                if let value = message[key]?.string { return value }
            }
        }

        /// Sends a command and waits for the message of this type.
        func say(_ command: String, until type: String) async throws {
            try await client.send(text: command)
            while true {
                let message = try JSON(try await client.nextText())
                try #require(message["error"] == nil, "\(command): \(message.text)")
                if message["type"]?.string == type { return }
            }
        }

        /// The bodies of the next messages, until there are as many as wanted.
        func bodies(_ count: Int) async throws -> [String] {
            var bodies: [String] = []
            while bodies.count < count {
                let message = try JSON(try await client.nextText())
                if let body = message["body"]?.string { bodies.append(body) }
            }
            return bodies
        }
    }

    private func kill(_ server: RunningServer) async throws {
        #expect(try await server.end(with: SIGKILL) == .killed(by: SIGKILL))
        try await server.restart()
    }

    @Test("killed twice in the middle of an exchange, both clients resume and finish")
    func resume() async throws {
        let server = try await RunningServer("--blur-usage=0")
        var a = try await Participant("a", at: server)
        var b = try await Participant("b", at: server)
        let nameplate = try await a.ask(#"{"type":"allocate"}"#, for: "nameplate")
        let claim = #"{"type":"claim","nameplate":"\#(nameplate)"}"#
        let mailbox = try await a.ask(claim, for: "mailbox")
        let open = #"{"type":"open","mailbox":"\#(mailbox)"}"#
        try await a.say(open, until: "ack")
        try await a.say(#"{"type":"add","phase":"pake","body":"a0"}"#, until: "message")
        #expect(try await b.ask(claim, for: "mailbox") == mailbox)

        try await kill(server)
        try await a.reconnect(to: server)
        try await b.reconnect(to: server)
        #expect(try await a.ask(claim, for: "mailbox") == mailbox)
        #expect(try await b.ask(claim, for: "mailbox") == mailbox)
        #expect(try await b.ask(open, for: "body") == "a0")
        #expect(try await a.ask(open, for: "body") == "a0")
        try await b.say(#"{"type":"add","phase":"pake","body":"b0"}"#, until: "message")
        #expect(try await a.bodies(1) == ["b0"])
        try await a.say(#"{"type":"release"}"#, until: "released")
        try await b.say(#"{"type":"release"}"#, until: "released")
        // A record is written at most a second after what it tells of, and only then survives a crash.
        try await eventually("the nameplate's record is written") {
            try await server.query("usage.sqlite", "SELECT 1 FROM nameplates").isEmpty ? nil : ()
        }

        try await kill(server)
        try await a.reconnect(to: server)
        try await b.reconnect(to: server)
        // A client that did not see its answer asks again.
        try await a.say(#"{"type":"release","nameplate":"\#(nameplate)"}"#, until: "released")
        #expect(try await a.ask(open, for: "body") == "a0")
        #expect(try await a.bodies(1) == ["b0"])
        #expect(try await b.ask(open, for: "body") == "a0")
        try await a.say(#"{"type":"close","mood":"happy"}"#, until: "closed")
        try await b.say(#"{"type":"close","mood":"happy"}"#, until: "closed")

        #expect(try await server.end(with: SIGTERM) == .exited(0))
        let left =
            "SELECT (SELECT count(*) FROM mailboxes), (SELECT count(*) FROM nameplates), (SELECT count(*) FROM messages)"
        #expect(try await server.query("relay.sqlite", left) == ["0|0|0"])
        let records = "SELECT 'nameplate', result FROM nameplates UNION ALL SELECT 'mailbox', result FROM mailboxes"
        #expect(try await server.query("usage.sqlite", records) == ["nameplate|happy", "mailbox|happy"])
    }
}
