import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Lists of addresses", .timeLimit(.minutes(2)))
struct AccessListTests {
    private func status(from address: String, at server: RunningServer) async throws -> String {
        let socket = try WebSocketTestSocket.connect(port: await server.ports.mailbox)
        let headers = ["X-Real-IP: \(address)", "X-Real-Port: 5"]
        try await socket.send(WebSocketTestClient.request(path: "/v1", headers: headers))
        return String(decoding: try await socket.receive(through: "\r\n\r\n").dropFirst(9).prefix(3), as: UTF8.self)
    }

    @Test("who is denied gets a word, and a list that is read again holds as a whole or not at all")
    func denied() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/deny"
        func write(_ text: String) throws { try Data(text.utf8).write(to: URL(filePath: path)) }
        try write("192.0.2.0/24 # them\n2001:db8::/32\n")
        let server = try await RunningServer("--deny-file=\(path)")
        #expect(try await server.metric("wormhole_denied_ranges") == 2)
        #expect(try await status(from: "192.0.2.9", at: server) == "403")
        #expect(try await status(from: "2001:db8::9", at: server) == "403")
        #expect(try await status(from: "198.51.100.1", at: server) == "101")
        try await eventually("it is counted") {
            try await server.metric(#"wormhole_connections_rejected_total{component="mailbox",reason="denied_source"}"#)
                == 2
        }
        try write("198.51.100.0/24\nnonsense\n")
        let answer = try await server.change("POST", "/denylist/reload")
        #expect(answer.status == 422 && answer.text.contains("/deny, line 2: "), "\(answer.text)")
        #expect(try await status(from: "198.51.100.1", at: server) == "101")
        try write("198.51.100.0/24\n")
        #expect(try await server.change("POST", "/denylist/reload").status == 204)
        #expect(try await status(from: "198.51.100.1", at: server) == "403")
        #expect(try await status(from: "192.0.2.9", at: server) == "101")
        try await eventually("the figure follows") { try await server.metric("wormhole_denied_ranges") == 1 }
        // The relay's clients come from this machine, which always may.
        try await RelayPair(port: await server.ports.transit).expectPassage(of: "still")
        try write("")
        await server.child.send(signal: SIGHUP)
        try await eventually("a signal reads it, too") { try await status(from: "198.51.100.1", at: server) == "101" }
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    @Test("a list that is missing or wrong is no start, and without one there is none to read")
    func refused() async throws {
        let server = try await RunningServer()
        #expect(try await server.change("POST", "/denylist/reload").status == 409)
        #expect(try await server.end(with: SIGTERM) == .exited(0))
        let arguments = ["start", "--state-dir=\(server.folder.path)", "--allow-file=/nowhere/at/all"]
        let child = try ChildProcess(Repository.server(), arguments)
        #expect(try await child.end() != .exited(0))
        #expect(child.errors.contains("the list of addresses /nowhere/at/all cannot be read"), "\(child.errors)")
    }
}
