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
