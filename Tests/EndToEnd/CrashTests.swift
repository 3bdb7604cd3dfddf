import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

/// What clients were told must be true after the process was killed at any moment.
@Suite("Crashes", .timeLimit(.minutes(10)))
struct CrashTests {
    /// What one client was told in one round.
    private struct Promises: Sendable {
        /// Bodies of messages that came back, in that order.
        var echoes: [String] = []
        /// The nameplate it was allocated or claimed, and its mailbox.
        var nameplate: String?
        var mailbox: String?
    }

    private static let pairs = 10
    private static let app = "crash"

    /// Sends messages as fast as they come back, until the connection ends.
    private static func work(port: Int, mailbox: String, side: String, told: Told) async {
        var promises = Promises()
        do {
            let client = try await WebSocketTestClient.connect(port: port, path: "/v1")
            _ = try await client.nextText()
            try await client.send(text: #"{"type":"bind","appid":"\#(app)","side":"\#(side)"}"#)
            try await client.send(text: #"{"type":"allocate"}"#)
            promises.nameplate = try await text("nameplate", from: client)
            promises.nameplate.map { told.keep($0, of: side) }
            let claim = #"{"type":"claim","nameplate":"\#(promises.nameplate ?? "")"}"#
            try await client.send(text: claim)
            promises.mailbox = try await text("mailbox", from: client)
            told.keep(promises, of: side)
            try await client.send(text: #"{"type":"open","mailbox":"\#(mailbox)"}"#)
            for number in 0..<400 {
                let body = "\(side)-\(number)"
                try await client.send(text: #"{"type":"add","phase":"p","body":"\#(body)"}"#)
                var echo: String?
                while echo != body {
                    echo = try await text("body", from: client)
                    echo.map { promises.echoes.append($0) }
                    told.keep(promises, of: side)
                }
            }
        } catch {
            // The server was killed: what was told until then is what counts.
        }
    }

    /// The value of a key in the next message that has it.
    private static func text(_ key: String, from client: WebSocketTestClient) async throws -> String {
        while true {
            let message = try JSON(try await client.nextText())
            if let value = message[key]?.string { return value }
        }
    }

    /// What the clients of a round were told.
    private final class Told: Sendable {
        private let promises = Mutex<[String: Promises]>([:])

        var all: [String: Promises] { promises.withLock { $0 } }
        var echoes: Int { all.values.reduce(0) { $0 + $1.echoes.count } }

        func keep(_ promises: Promises, of side: String) {
            self.promises.withLock { $0[side] = promises }
        }

        func keep(_ nameplate: String, of side: String) {
            self.promises.withLock { $0[side, default: Promises()].nameplate = nameplate }
        }
    }

    @Test("84: killed at 100 moments under load, the server keeps every message it echoed and every nameplate it gave")
    func kills() async throws {
        var random = SeededGenerator(seed: 20_261_121)
        let server = try await RunningServer()
        for round in 0..<100 {
            let told = Told()
            let port = await server.ports.mailbox
            let moment = Int.random(in: 0...400, using: &random)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for pair in 0..<Self.pairs {
                    for side in ["a", "b"] {
                        group.addTask {
                            await Self.work(
                                port: port,
                                mailbox: "r\(round)p\(pair)",
                                side: "r\(round)p\(pair)\(side)",
                                told: told
                            )
                        }
                    }
                }
                try await eventually("enough was said", isTrue: { told.echoes >= moment })
                #expect(try await server.end(with: SIGKILL) == .killed(by: SIGKILL))
                try await group.waitForAll()
            }
            try await server.restart()
            try await Self.check(told.all, round: round, server: server)
        }
        #expect(try await server.query("relay.sqlite", "PRAGMA integrity_check") == ["ok"])
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    private static func check(_ told: [String: Promises], round: Int, server: RunningServer) async throws {
        let client = try await WebSocketTestClient.connect(port: await server.ports.mailbox, path: "/v1")
        try await client.send(text: #"{"type":"bind","appid":"\#(app)","side":"check"}"#)
        try await client.send(text: #"{"type":"list"}"#)
        var listed: Set<String>?
        while listed == nil {
            let message = try JSON(try await client.nextText())
            listed = message["nameplates"]?.array.map { Set($0.compactMap { $0["id"]?.string }) }
        }
        for (side, promises) in told {
            if let nameplate = promises.nameplate {
                #expect(listed?.contains(nameplate) == true, "round \(round): nameplate of \(side) is gone")
            }
        }
        for pair in 0..<pairs {
            let stored = try await replay(of: "r\(round)p\(pair)", as: "r\(round)p\(pair)a", server: server)
            #expect(Set(stored).count == stored.count, "round \(round): a message is there twice")
            for side in ["a", "b"] {
                let echoes = told["r\(round)p\(pair)\(side)"]?.echoes ?? []
                let kept = stored.filter(Set(echoes).contains)
                #expect(kept == echoes, "round \(round): echoed messages are missing or out of order")
            }
        }
    }

    /// The bodies a side gets when it opens a mailbox. A message of our own behind them tells where they end.
    private static func replay(of mailbox: String, as side: String, server: RunningServer) async throws -> [String] {
        let client = try await WebSocketTestClient.connect(port: await server.ports.mailbox, path: "/v1")
        _ = try await client.nextText()
        try await client.send(text: #"{"type":"bind","appid":"\#(app)","side":"\#(side)"}"#)
        try await client.send(text: #"{"type":"open","mailbox":"\#(mailbox)"}"#)
        try await client.send(text: #"{"type":"add","phase":"end","body":"end"}"#)
        var bodies: [String] = []
        while true {
            let body = try await text("body", from: client)
            if body == "end" { return bodies }
            bodies.append(body)
        }
    }
}
