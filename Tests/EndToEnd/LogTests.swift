import Foundation
import Glibc
import TestSupport
import Testing

@Suite("The service's own log", .timeLimit(.minutes(2)))
struct LogTests {
    /// What nobody may read in a log.
    private static let side = "side-of-a-person"
    private static let nameplate = "873465"
    private static let address = "203.0.113.9"

    /// A client that does much, not all of it right.
    ///
    /// - Returns: Its mailbox.
    private func misbehave(at server: RunningServer) async throws -> String {
        let port = await server.ports.mailbox
        let headers = ["X-Real-IP: \(Self.address)", "X-Real-Port: 40000"]
        let connection = try await WebSocketTestClient.connect(port: port, path: "/v1", headers: headers)
        try await connection.send(text: #"{"type":"bind","appid":"app","side":"\#(Self.side)"}"#)
        try await connection.send(text: #"{"type":"claim","nameplate":"\#(Self.nameplate)"}"#)
        var mailbox: String?
        while mailbox == nil { mailbox = try JSON(try await connection.nextText())["mailbox"]?.string }
        try await connection.send(text: #"{"type":"open","mailbox":"\#(mailbox ?? "")"}"#)
        try await connection.send(text: #"{"type":"add","phase":"p","body":"the message"}"#)
        for frame in [
            "nonsense", #"{"type":["\#(Self.side)"]}"#, #"{"type":"claim","nameplate":"\#(Self.nameplate)x"}"#,
        ] {
            try await connection.send(text: frame)
        }
        try await connection.send(raw: [0xFF, 0xFF, 0xFF])
        _ = try await connection.remainder()
        let socket = try WebSocketTestSocket.connect(port: port)
        try await socket.send("GET /\(Self.side) HTTP/1.1\r\nX-Real-IP: \(Self.address)\r\n\r\n")
        _ = try await socket.receiveToEnd()
        return mailbox ?? ""
    }

    @Test("107, D15: with blur the log tells nothing of anybody, whatever is sent")
    func blurred() async throws {
        let server = try await RunningServer("--blur-usage=3600", "--log-level=trace")
        let mailbox = try await misbehave(at: server)
        #expect(try await server.end(with: SIGTERM) == .exited(0))
        let log = await server.child.errors
        for secret in [Self.side, Self.nameplate, Self.address, mailbox, "the message", "40000"] {
            #expect(!log.contains(secret), "\(log)")
        }
    }

    @Test("107: without blur there is a line for each WebSocket, and no mailbox and no message")
    func exact() async throws {
        let server = try await RunningServer("--blur-usage=0")
        let mailbox = try await misbehave(at: server)
        #expect(try await server.end(with: SIGTERM) == .exited(0))
        let log = await server.child.errors
        #expect(log.split(separator: "\n").filter { $0.contains("ws client connecting") }.count == 1)
        #expect(log.contains("ws client connecting: tcp4:\(Self.address):40000"))
        #expect(!log.contains(mailbox) && !log.contains("the message"))
    }

    @Test("with ids of addresses the log tells those in place of the addresses")
    func addressIDs() async throws {
        let server = try await RunningServer("--blur-usage=3600", "--addrid-db=:memory:")
        _ = try await misbehave(at: server)
        _ = try await misbehave(at: server)
        #expect(try await server.end(with: SIGTERM) == .exited(0))
        let log = await server.child.errors
        #expect(log.split(separator: "\n").filter { $0.hasSuffix("ws client connecting: addr-1-1") }.count == 2)
        #expect(!log.contains(Self.address))
    }

    @Test(
        "a reader of the log that stops costs lines, which are counted, and nothing else; when it goes on, so does the log"
    )
    func stuckReader() async throws {
        let folder = try TemporaryFolder()
        // What the server says goes through cat(1), which can be stopped.
        let shell = "exec 2> >(echo $BASHPID > \(folder.path)/reader; exec cat >&2)"
        let server = try await RunningServer(shell: shell)
        let text = try String(contentsOfFile: folder.path + "/reader", encoding: .utf8)
        let reader = try #require(pid_t(text.trimmingCharacters(in: .newlines)))
        kill(reader, SIGSTOP)
        defer { kill(reader, SIGCONT) }
        let dropped = #"wormhole_log_dropped_total{stream="journal"}"#
        #expect(try await server.metric(dropped) == 0)
        // Each of these is a line of the log, and the longer the name, the longer the line.
        let admin = try WebSocketTestSocket.connect(path: server.folder.path + "/admin.sock")
        let body = #"{"\#(String(repeating: "x", count: 60))": 1}"#
        let head = "PUT /limits HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        let request = head + "Content-Length: \(body.utf8.count)\r\n\r\n" + body
        let requests = String(repeating: request, count: 50)
        var count = 0
        repeat {
            try #require(count < 50_000, "nothing was lost")
            for _ in 0..<20 {
                try await admin.send(requests)
                for _ in 0..<50 { _ = try await admin.receive(through: "x\n") }
                count += 50
            }
        } while try await server.metric(dropped) == 0
        // The services do not care.
        #expect(try await server.get("/healthz") == "ok\n")
        try await RelayPair(port: await server.ports.transit).expectPassage(of: "something")
        let client = try await MailboxClient(port: await server.ports.mailbox, app: "a", side: "s")
        _ = try await client.meet(at: "5")
        _ = try await client.connection.close()

        kill(reader, SIGCONT)
        try await server.child.errors("the log says what is missing") { $0.contains("lines are missing here") }
        let lost = try await server.metric(dropped)
        #expect(try await server.change("PUT", "/motd", ["text": nil]).status == 204)
        try await server.child.errors("the log goes on") {
            $0.contains("[admin] PUT /motd over the Unix socket: removed")
        }
        #expect(try await server.metric(dropped) == lost)
        #expect(try await server.end(with: SIGTERM) == .exited(0))
        try await eventually("the last line is there") { await server.child.errors.hasSuffix("[server] stopped\n") }
    }

    @Test("the log goes to a file, and to a new one when that was moved away")
    func file() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/server.log"
        let server = try ChildProcess(
            Repository.server(),
            [
                "mailbox", "--port=\(RunningServer.anyPort)", "--channel-db=:memory:", "--log-file=\(path)",
                "--log-format=text", "--log-level=info",
            ]
        )
        let contents = { (name: String) in
            (try? String(contentsOfFile: folder.path + "/" + name, encoding: .utf8)) ?? ""
        }
        try await eventually("it is ready") { contents("server.log").contains("[server] ready") }
        try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
        server.send(signal: SIGTERM)
        #expect(try await server.end() == .exited(0))
        #expect(contents("server.log.1").contains("[mailbox] Mailbox starting on "))
        #expect(contents("server.log").contains("[server] stopped") && !contents("server.log").contains("ready"))
        #expect(server.errors.isEmpty && server.output.isEmpty, "\(server.transcript)")
    }
}
