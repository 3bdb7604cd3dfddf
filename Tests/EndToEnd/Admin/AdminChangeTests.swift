import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Changes through the admin endpoint", .timeLimit(.minutes(5)))
struct AdminChangeTests {
    @Test("draining lets nobody new in and serves those who are in; undraining lets clients in again")
    func drain() async throws {
        let server = try await RunningServer()
        let ports = await server.ports
        let pair = try await RelayPair(port: ports.transit)
        let client = try await MailboxClient(port: ports.mailbox, app: "a", side: "s")
        #expect(try await server.change("POST", "/drain").status == 202)
        try await eventually("it says so") { try await readiness(of: server) == 503 }
        let refused = try WebSocketTestSocket.connect(port: ports.transit)
        #expect(try await refused.receiveToEnd().bytes.isEmpty)
        await #expect(throws: (any Error).self) {
            _ = try await WebSocketTestClient.connect(port: ports.mailbox, path: "/v1")
        }
        try await pair.expectPassage(of: "still")
        _ = try await client.meet(at: "7")
        let rejected = #"wormhole_connections_rejected_total{component="COMPONENT",reason="draining"}"#
        for component in ["mailbox", "transit"] {
            try await eventually("\(component) counts it") {
                try await server.metric(rejected.replacing("COMPONENT", with: component)) == 1
            }
        }
        #expect(try await server.metric("wormhole_drain_started_timestamp_seconds") > 1_700_000_000)
        #expect(try await server.metric(#"wormhole_drain_remaining{component="mailbox"}"#) == 1)
        try await eventually("the pair is counted") {
            try await server.metric(#"wormhole_drain_remaining{component="transit"}"#) == 1
        }

        #expect(try await server.change("POST", "/undrain").status == 202)
        try await eventually("it says so") { try await readiness(of: server) == 200 }
        try await RelayPair(port: ports.transit).expectPassage(of: "again")
        let other = try await MailboxClient(port: ports.mailbox, app: "a", side: "t")
        #expect(try await server.metric("wormhole_drain_started_timestamp_seconds") == 0)
        for one in [client, other] { _ = try await one.connection.close() }
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    @Test("at the deadline of a drain everybody is told to go, and the process goes on")
    func drainDeadline() async throws {
        let server = try await RunningServer(recordsLines: true)
        let ports = await server.ports
        let pair = try await RelayPair(port: ports.transit)
        let bridged = try await WebSocketTestClient.connect(port: ports.transitWebSocket)
        let client = try await MailboxClient(port: ports.mailbox, app: "a", side: "s")
        #expect(try await server.change("POST", "/drain?deadline=0").status == 202)
        #expect(try await pair.left.receiveToEnd().bytes.isEmpty)
        #expect(try await farewell(to: client.connection) == 1001)
        #expect(try await farewell(to: bridged) == 1001)
        #expect(try await server.get("/healthz") == "ok\n")
        #expect(try await server.end(with: SIGTERM) == .exited(0))
        #expect(try await server.recordLines().filter { $0["mood"] == "happy" }.count == 1)
    }

    @Test("SIGUSR1 drains, and SIGHUP reads the token again, all or nothing")
    func signals() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/token"
        try Data("the-first-token-of-all\n".utf8).write(to: URL(filePath: path))
        let server = try await RunningServer("--admin-token-file=\(path)")
        let child = await server.child
        func status(of token: String) async throws -> String {
            let url = "http://127.0.0.1:\(await server.ports.admin)/motd"
            let header = "Authorization: Bearer \(token)"
            let arguments = ["--silent", "--request", "PUT", "--json", #"{"text": null}"#, "--header", header, url]
            let curl = try ChildProcess("curl", arguments + ["--output", "/dev/null", "--write-out", "%{http_code}"])
            _ = try await curl.end()
            return curl.output
        }
        #expect(try await status(of: "the-first-token-of-all") == "204")
        try Data("short".utf8).write(to: URL(filePath: path))
        child.send(signal: SIGHUP)
        try await child.errors("it says so") { $0.contains("error: SIGHUP: the admin token in ") }
        #expect(try await status(of: "the-first-token-of-all") == "204")
        try await eventually("it is counted") {
            try await server.metric(#"wormhole_config_reloads_total{result="failure"}"#) == 1
        }
        #expect(try await server.metric("wormhole_config_last_reload_successful") == 0)
        #expect(try await server.change("POST", "/reload").status == 422)
        try Data("the-second-token-of-all".utf8).write(to: URL(filePath: path))
        child.send(signal: SIGHUP)
        try await child.errors("it says so") { $0.contains("SIGHUP: reloaded, \(path)") }
        #expect(try await status(of: "the-first-token-of-all") == "401")
        #expect(try await status(of: "the-second-token-of-all") == "204")
        #expect(try await server.metric("wormhole_config_last_reload_successful") == 1)
        child.send(signal: SIGUSR1)
        try await eventually("it drains") { try await readiness(of: server) == 503 }
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    @Test("the welcome changes for those who come later")
    func welcome() async throws {
        let server = try await RunningServer("--motd=before")
        let port = await server.ports.mailbox
        func welcome() async throws -> JSON? {
            let client = try await WebSocketTestClient.connect(port: port, path: "/v1")
            let message = try JSON(try await client.nextText())
            _ = try await client.close()
            return message["welcome"]
        }
        #expect(try await welcome()?["motd"] == "before")
        #expect(try await server.change("PUT", "/motd", ["text": "Grüße"]).status == 204)
        #expect(try await server.change("PUT", "/signal-error", ["text": "closed today"]).status == 204)
        #expect(try await server.change("PUT", "/advertise-version", ["text": "9.9"]).status == 204)
        let changed = try await welcome()
        #expect(changed?["motd"] == "Grüße")
        #expect(changed?["error"] == "closed today")
        #expect(changed?["current_cli_version"] == "9.9")
        #expect(try await server.change("PUT", "/signal-error", ["text": nil]).status == 204)
        #expect(try await welcome()?["error"] == nil)
        for part in ["motd", "signal-error", "advertise-version"] {
            #expect(try await server.change("PUT", "/\(part)", ["text": ""]).status == 204)
        }
        let emptied = try await welcome()
        #expect(emptied?["motd"] == "")
        #expect(emptied?["error"] == nil && emptied?["current_cli_version"] == nil)
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    @Test("limits change for everybody, all that are named or none")
    func limits() async throws {
        let server = try await RunningServer()
        let ports = await server.ports
        let client = try await MailboxClient(port: ports.mailbox, app: "a", side: "s")
        _ = try await client.meet(at: "5")
        try await client.add("one", "00")
        #expect(try await server.change("PUT", "/limits", ["max_mailbox_messages": 1, "nonsense": 1]).status == 422)
        try await client.add("two", "00")
        let answer = try await server.change("PUT", "/limits", ["max_mailbox_messages": 2, "max_relay_connections": 1])
        #expect(answer.status == 200)
        #expect(try JSON(answer.text)["limits"]?["max_mailbox_messages"]?["value"] == 2)
        try await client.send(["type": "add", "phase": "three", "body": "00"])
        try await eventually("the mailbox is full") {
            try JSON(try await client.connection.nextText())["type"] == "error"
        }
        let first = try WebSocketTestSocket.connect(port: ports.transit)
        let second = try WebSocketTestSocket.connect(port: ports.transit)
        #expect(try await second.receiveToEnd().bytes.isEmpty)
        await first.close()
        #expect(try await server.metric(#"wormhole_connections_limit{component="transit"}"#) == 1)
        let options = try JSON(try await server.get("/config"))
        #expect(options["settings"]?["state-dir"]?["origin"] == "command line")
        #expect(options["settings"]?["max-mailbox-messages"]?["origin"] == "changed")
        #expect(options["settings"]?["max-mailbox-messages"]?["value"] == 2)
        #expect(options["settings"]?["max-mailbox-bytes"]?["origin"] == "default")
        _ = try await client.connection.close()
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    @Test("connections are listed without a trace of who they are, and can be ended by their ids")
    func kick() async throws {
        let server = try await RunningServer()
        let ports = await server.ports
        let pair = try await RelayPair(port: ports.transit)
        try await pair.expectPassage(of: "12345678")
        let waiting = try WebSocketTestSocket.connect(port: ports.transit)
        let token = RelayHandshake.token()
        try await waiting.send(RelayHandshake.line(token: token, side: "0000000000000001"))
        let bridged = [try await WebSocketTestClient.connect(port: ports.transitWebSocket)]
        let partner = try WebSocketTestSocket.connect(port: ports.transit)
        let other = RelayHandshake.token()
        try await bridged[0].send(binary: Array(RelayHandshake.line(token: other, side: "0000000000000001").utf8))
        try await partner.send(RelayHandshake.line(token: other, side: "0000000000000002"))
        #expect(try await partner.receive(exactly: 3) == Array("ok\n".utf8))
        let client = try await MailboxClient(port: ports.mailbox, app: "an-app", side: "a-side")
        _ = try await client.meet(at: "5")

        var text = ""
        try await eventually("all four are there") {
            text = try await server.get("/debug/connections")
            let states = try JSON(text)["connections"]?.array?.compactMap { $0["state"]?.string } ?? []
            return states.sorted() == ["listening", "relaying", "relaying", "waiting"]
        }
        for secret in [token, other, "127.0.0.1", "an-app", "a-side", "0000000000000001"] {
            #expect(!text.contains(secret))
        }
        let connections = try #require(try JSON(text)["connections"]?.array)
        let bytes = connections.compactMap { $0["bytes"]?.number }
        #expect(bytes.contains(8))
        for connection in connections {
            let id = try #require(connection["id"]?.string)
            #expect(try await server.change("POST", "/debug/kick?id=\(id)").status == 204, "\(id)")
        }
        for socket in [pair.left, pair.right, waiting, partner] {
            #expect(try await socket.receiveToEnd().bytes.isEmpty)
        }
        #expect(try await farewell(to: client.connection) == 1001)
        try await eventually("none is left") { try JSON(try await server.get("/debug/connections"))["count"] == 0 }
        let first = try #require(connections[0]["id"]?.string)
        #expect(try await server.change("POST", "/debug/kick?id=\(first)").status == 404)
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    @Test("a backup is made while clients are served, can be read, and is nobody else's")
    func backup() async throws {
        let server = try await RunningServer()
        let client = try await MailboxClient(port: server.ports.mailbox, app: "a", side: "s")
        _ = try await client.meet(at: "5")
        try await client.add("one", "6f6e65")
        let answer = try await server.change("POST", "/backup")
        #expect(answer.status == 200, "\(answer.text)")
        let copies = try #require(try JSON(answer.text)["copies"]?.array?.compactMap(\.string))
        #expect(copies.map { $0.split(separator: "/").last } == ["relay.sqlite", "usage.sqlite"])
        #expect(try await run("sqlite3", "-readonly", copies[0], "SELECT body FROM messages") == "6f6e65\n")
        for copy in copies {
            #expect(try await run("sqlite3", "-readonly", copy, "PRAGMA integrity_check") == "ok\n")
            #expect(try await run("stat", "--format=%a", copy) == "600\n")
        }
        try await client.add("two", "74776f")
        #expect(try await server.change("POST", "/backup").status == 200)
        #expect(try await run("sqlite3", "-readonly", copies[0], "SELECT count(*) FROM messages") == "2\n")
        let names = try FileManager.default.contentsOfDirectory(atPath: server.folder.path + "/backup")
        #expect(names.sorted() == ["relay.sqlite", "usage.sqlite"])
        #expect(try await server.metric(#"wormhole_maintenance_runs_total{task="backup",result="success"}"#) == 2)
        _ = try await client.connection.close()
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    @Test("the copies of two databases with one name are two")
    func backupOfNamesakes() async throws {
        let folder = try TemporaryFolder()
        let server = try await RunningServer("--usage-db=\(folder.path)/relay.sqlite")
        let answer = try await server.change("POST", "/backup")
        #expect(answer.status == 200, "\(answer.text)")
        let copies = try #require(try JSON(answer.text)["copies"]?.array?.compactMap(\.string))
        #expect(copies.map { $0.split(separator: "/").last } == ["channel-relay.sqlite", "usage-relay.sqlite"])
        #expect(try await run("sqlite3", "-readonly", copies[0], "SELECT count(*) FROM messages") == "0\n")
        #expect(try await run("sqlite3", "-readonly", copies[1], "SELECT count(*) FROM `usage`") == "0\n")
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    @Test("the traffic of clients of both services is told by opaque ids")
    func traffic() async throws {
        let server = try await RunningServer()
        let ports = await server.ports
        let pair = try await RelayPair(port: ports.transit)
        let client = try await MailboxClient(port: ports.mailbox, app: "an-app", side: "a-side")
        _ = try await client.meet(at: "5")
        let curl = try ChildProcess(
            "curl",
            ["--silent", "--no-buffer", "http://127.0.0.1:\(ports.admin)/debug/traffic?samples=20&interval=1"]
        )
        let body = String(repeating: "00", count: 1000)
        var number = 0
        try await eventually("both have talked") {
            number += 1
            try await client.add("phase-\(number)", body)
            try await pair.expectPassage(of: "12345678")
            let lines = try curl.output.split(separator: "\n").map { try JSON($0) }
            let top = lines.flatMap { $0["top"]?.array ?? [] }
            let mailbox = top.contains { talker in
                (talker["bytes_in"]?.number ?? 0) > 2000 && (talker["bytes_out"]?.number ?? 0) > 2000
                    && talker["component"] == "mailbox" && talker["id"]?.string?.hasPrefix("m-") == true
            }
            return mailbox && top.contains { $0["component"] == "transit" && $0["id"]?.string?.hasPrefix("p") == true }
        }
        for secret in ["127.0.0.1", "an-app", "a-side"] { #expect(!curl.output.contains(secret)) }
        let listed = try JSON(try await server.get("/debug/connections"))["connections"]?.array
        let entry = try #require(listed?.first { $0["component"] == "mailbox" })
        #expect(entry["bytes"]?.number == (entry["bytes_in"]?.number ?? 0) + (entry["bytes_out"]?.number ?? 0))
        curl.send(signal: SIGTERM)
        _ = try await curl.end()
        _ = try await client.connection.close()
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    @Test("the log tells more for a while, and then as much as before")
    func logLevel() async throws {
        let server = try await RunningServer()
        let child = await server.child
        #expect(try await server.change("PUT", "/log-level", ["level": "error", "seconds": 1]).status == 204)
        #expect(!child.errors.contains("PUT /log-level"))
        try await eventually("it is over") {
            _ = try await server.change("PUT", "/motd", ["text": nil])
            return child.errors.contains("[admin] PUT /motd over the Unix socket: removed")
        }
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    @Test("the endpoint does not start where others can reach it without a flag and a token")
    func network() async throws {
        let folder = try TemporaryFolder()
        let token = folder.path + "/token"
        try Data("0123456789abcdef".utf8).write(to: URL(filePath: token))
        let all = "tcp:0:interface=0.0.0.0"
        for options in [
            ["--admin=\(all)"], ["--admin=\(all)", "--admin-token-file=\(token)"],
            ["--admin=\(all)", "--admin-network"],
        ] {
            let places = ["--mailbox", "--transit", "--transit-websocket"].map { "\($0)=\(RunningServer.anyPort)" }
            let arguments = ["start", "--state-dir=\(folder.path)"] + places + options
            let child = try ChildProcess(Repository.server(), arguments)
            #expect(try await child.end() != .exited(0))
            #expect(child.errors.contains("--admin-"), "\(child.errors)")
        }
        let server = try await RunningServer("--admin=\(all)", "--admin-token-file=\(token)", "--admin-network")
        #expect(try await readiness(of: server) == 401)
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    /// The code of the server's Close, which is answered.
    private func farewell(to client: WebSocketTestClient) async throws -> UInt16? {
        while true {
            guard let code = try await client.next().closeCode else { continue }
            try await client.send(.close(code))
            _ = try await client.remainder()
            return code
        }
    }

    private func readiness(of server: RunningServer) async throws -> Int? {
        let url = "http://127.0.0.1:\(await server.ports.admin)/readyz"
        let output = try await run(
            "curl",
            "--silent",
            "--max-time",
            "20",
            "--output",
            "/dev/null",
            "--write-out",
            "%{http_code}",
            url
        )
        return Int(output)
    }
}
