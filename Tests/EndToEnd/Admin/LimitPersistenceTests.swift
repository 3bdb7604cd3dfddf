import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Limits that outlive the process", .timeLimit(.minutes(5)))
struct LimitPersistenceTests {
    private func limit(_ name: String, of server: RunningServer) async throws -> (value: JSON?, origin: JSON?) {
        let limit = try JSON(try await server.get("/limits"))["limits"]?[name]
        return (limit?["value"], limit?["origin"])
    }

    @Test("what is kept holds after a restart, also over the command line; what is not kept does not")
    func restart() async throws {
        let server = try await RunningServer("--handshake-timeout=50", "--max-connections=100")
        let change: JSON = ["handshake_timeout": 0, "max_connections": 1, "persist": true]
        let answer = try await server.change("PUT", "/limits", change)
        #expect(answer.status == 200, "\(answer.text)")
        #expect(try await server.change("PUT", "/limits", ["idle_timeout": 7]).status == 200)
        #expect(try await limit("idle_timeout", of: server) == (7, "changed"))
        let settings = try JSON(try await server.get("/config"))["settings"]
        #expect(settings?["max-connections"]?["origin"] == "persisted")
        #expect(settings?["idle-timeout"]?["origin"] == "changed")
        #expect(settings?["idle-timeout"]?["value"] == 7)
        #expect(try await server.end(with: SIGTERM) == .exited(0))

        try await server.restart()
        #expect(try await limit("max_connections", of: server) == (1, "persisted"))
        #expect(try await limit("handshake_timeout", of: server) == (0, "persisted"))
        #expect(try await limit("idle_timeout", of: server) == (1800, "default"))
        #expect(try await server.metric(#"wormhole_connections_limit{component="mailbox"}"#) == 1)
        try await server.child.errors("the log says so") {
            $0.contains("limits.json in force: handshake_timeout=0 max")
        }
        // It is more than a figure.
        let port = await server.ports.mailbox
        let client = try await MailboxClient(port: port, app: "a", side: "s")
        await #expect(throws: (any Error).self) { _ = try await WebSocketTestClient.connect(port: port, path: "/v1") }
        _ = try await client.connection.close()

        // One is forgotten, then all.
        #expect(try await server.change("PUT", "/limits", ["handshake_timeout": nil, "persist": true]).status == 200)
        #expect(try await limit("handshake_timeout", of: server) == (50, "command line"))
        #expect(try await server.change("PUT", "/limits", ["reset": true, "persist": true]).status == 200)
        #expect(try await limit("max_connections", of: server) == (100, "command line"))
        #expect(!FileManager.default.fileExists(atPath: server.folder.path + "/limits.json"))
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    @Test("as many nameplates as a source may hold, after a restart, and who has more is counted")
    func nameplates() async throws {
        let server = try await RunningServer()
        let name = "max_nameplates_per_source"
        #expect(try await limit(name, of: server) == (50, "default"))
        #expect(try await server.change("PUT", "/limits", .object([name: 1, "persist": true])).status == 200)
        #expect(try await server.end(with: SIGTERM) == .exited(0))

        try await server.restart()
        #expect(try await limit(name, of: server) == (1, "persisted"))
        let setting = try JSON(try await server.get("/config"))["settings"]?["max-nameplates-per-source"]
        #expect(setting?["value"] == 1 && setting?["origin"] == "persisted")
        let headers = ["X-Real-IP: 192.0.2.1", "X-Real-Port: 5"]
        let client = try await WebSocketTestClient.connect(port: server.ports.mailbox, path: "/v1", headers: headers)
        func answer(to command: String) async throws -> JSON? {
            try await client.send(text: command)
            while true {
                let message = try JSON(try await client.nextText())
                if message["type"] != "ack", message["type"] != "welcome" { return message["type"] }
            }
        }
        try await client.send(text: #"{"type":"bind","appid":"app","side":"s"}"#)
        #expect(try await answer(to: #"{"type":"claim","nameplate":"4"}"#) == "claimed")
        #expect(try await answer(to: #"{"type":"allocate"}"#) == "error")
        let hits = #"wormhole_limit_hits_total{limit="mailbox_nameplates_held"}"#
        try await eventually("it is counted") { try await server.metric(hits) == 1 }
        #expect(try await server.change("PUT", "/limits", .object([name: 2])).status == 200)
        #expect(try await answer(to: #"{"type":"allocate"}"#) == "allocated")
        #expect(try await server.metric(hits) == 1)
        _ = try await client.close()
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    @Test("what is refused changes neither a limit nor the file")
    func refused() async throws {
        let server = try await RunningServer()
        #expect(try await server.change("PUT", "/limits", ["session_rate": 5000, "persist": true]).status == 200)
        let path = server.folder.path + "/limits.json"
        let before = try String(contentsOfFile: path, encoding: .utf8)
        for name in ["max_message_size", "max_relay_pipes", "nonsense"] {
            let body: JSON = .object(["session_rate": 1, name: 1, "persist": true])
            let answer = try await server.change("PUT", "/limits", body)
            #expect(answer.status == 422 && answer.text.contains(name), "\(answer.text)")
        }
        let wrong: [JSON] = [-1, "1", .number(1.5), true]
        for value in wrong {
            #expect(
                try await server.change("PUT", "/limits", ["global_rate": 9, "session_rate": value, "persist": true])
                    .status == 422
            )
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == before)
        #expect(try await limit("session_rate", of: server) == (5000, "persisted"))
        #expect(try await limit("global_rate", of: server) == (0, "default"))
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    @Test("a file that is edited is read again on SIGHUP; a broken one is refused, then and at the start")
    func edited() async throws {
        let server = try await RunningServer()
        let url = URL(filePath: server.folder.path + "/limits.json")
        try Data(#"{"schema": 1, "limits": {"wait_timeout": 99}}"#.utf8).write(to: url)
        let child = await server.child
        child.send(signal: SIGHUP)
        try await child.errors("it says so") { $0.contains("SIGHUP: reloaded, \(url.path)") }
        #expect(try await limit("wait_timeout", of: server) == (99, "persisted"))
        try Data(#"{"schema": 1, "limits": {"wait_timeout": "long"}}"#.utf8).write(to: url)
        let answer = try await server.change("POST", "/reload")
        #expect(answer.status == 422 && answer.text.contains("limits.json"), "\(answer.text)")
        #expect(try await limit("wait_timeout", of: server) == (99, "persisted"))
        #expect(try await server.end(with: SIGTERM) == .exited(0))
        let places = ["--mailbox", "--transit", "--transit-websocket", "--admin"].map {
            "\($0)=\(RunningServer.anyPort)"
        }
        let refused = try ChildProcess(Repository.server(), ["start", "--state-dir=\(server.folder.path)"] + places)
        #expect(try await refused.end() != .exited(0))
        #expect(
            refused.errors.contains("limits.json cannot be read: wait_timeout is not a whole number"),
            "\(refused.errors)"
        )
    }
}
