import Foundation
import Glibc
import TestSupport
import Testing

@Suite("The service's log", .timeLimit(.minutes(5)))
struct LogPrivacyTests {
    /// What must not appear anywhere, each long enough not to appear by chance.
    private static let secrets = [
        "127.77.66.55", "203.0.113.201", "secret-application", "5ec4e75ide", "7391846205", "c0de-of-mine",
    ]

    @Test(
        "names no address, token, side, code or application while start times are blurred",
        arguments: ["text", "json"]
    )
    func nothingSecret(format: String) async throws {
        let folder = try TemporaryFolder()
        let ports = ["--mailbox", "--transit", "--transit-websocket", "--admin"].map {
            "\($0)=\(RunningServer.anyPort)"
        }
        let child = try ChildProcess(
            Repository.server(),
            ["start", "--state-dir=\(folder.path)", "--log-level=trace", "--log-format=\(format)"] + ports
        )
        try await child.errors("it is ready") {
            $0.contains(format == "json" ? #""message": "ready""# : "[server] ready")
        }
        func port(_ part: String, _ place: Int = 0) throws -> Int {
            let pattern = try Regex("\(part) starting on ([0-9]+)")
            let found = child.errors.matches(of: pattern).compactMap { $0[1].substring.flatMap { Int($0) } }
            return try #require(found.indices.contains(place) ? found[place] : nil)
        }
        let token = RelayHandshake.token()
        try await visit(relay: port("Transit"), token: token)
        try await visit(mailbox: port("Mailbox"))
        _ = try await run("curl", "--silent", "http://127.0.0.1:\(port("Admin"))/nothing?secret-application")
        child.send(signal: SIGTERM)
        #expect(try await child.end() == .exited(0))
        let everything = child.errors + child.output
        for secret in Self.secrets + [token] { #expect(!everything.contains(secret), "\(secret) in \(everything)") }
        if format == "json" {
            for line in child.errors.split(separator: "\n") {
                let object = try JSON(line)
                #expect(
                    object["time"] != nil && object["level"] != nil && object["part"] != nil && object["message"] != nil
                )
            }
        }
    }

    /// Well-behaved and ill-behaved clients of the relay.
    private func visit(relay port: Int, token: String) async throws {
        let good = try WebSocketTestSocket.connect(port: port, from: "127.77.66.55")
        let partner = try WebSocketTestSocket.connect(port: port, from: "127.77.66.55")
        try await good.send(RelayHandshake.line(token: token, side: "5ec4e75ide000000"))
        try await partner.send(RelayHandshake.line(token: token, side: "5ec4e75ide000001"))
        #expect(try await partner.receive(exactly: 3) == Array("ok\n".utf8))
        try await good.send("c0de-of-mine")
        await good.close()
        _ = try await partner.receiveToEnd()
        for line in [
            "please relay \(token) for side 5ec4e75ide\n", "GET /c0de-of-mine HTTP/1.1\r\n\r\n", "\u{0}\u{1}\(token)\n",
        ] {
            let bad = try WebSocketTestSocket.connect(port: port, from: "127.77.66.55")
            try await bad.send(line)
            _ = try await bad.receiveToEnd()
        }
    }

    /// The same of the mailbox server.
    private func visit(mailbox port: Int) async throws {
        let headers = ["X-Real-IP: 203.0.113.201", "X-Real-Port: 999"]
        let client = try await WebSocketTestClient.connect(port: port, path: "/v1", headers: headers)
        for message in [
            #"{"type":"bind","appid":"secret-application","side":"5ec4e75ide"}"#,
            #"{"type":"claim","nameplate":"7391846205"}"#, #"{"type":"open","mailbox":"c0de-of-mine"}"#,
            #"{"type":"add","phase":"c0de-of-mine","body":"5ec4e75ide"}"#, #"{"type":"c0de-of-mine"}"#,
            #"{"type":"claim","nameplate":"7391846205"}"#, "c0de-of-mine",
        ] {
            try await client.send(text: message)
        }
        _ = try await client.close()
        let bad = try WebSocketTestSocket.connect(port: port, from: "127.77.66.55")
        try await bad.send("GET /v1/c0de-of-mine HTTP/1.1\r\nHost: c0de-of-mine\r\nUpgrade: c0de-of-mine\r\n\r\n")
        await bad.close()
    }
}
