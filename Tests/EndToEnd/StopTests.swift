import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Stopping", .timeLimit(.minutes(5)))
struct StopTests {
    @Test("16, D17: a signal says goodbye to clients, records everyone and exits with 0", arguments: [SIGTERM, SIGINT])
    func signals(signal: CInt) async throws {
        let path = try TemporaryFolder()
        let unix = "unix:\(path.path)/transit"
        let server = try await RunningServer("--transit=\(unix)", recordsLines: true)
        let ports = await server.ports
        let mailbox = try await WebSocketTestClient.connect(port: ports.mailbox, path: "/v1")
        let relayed = try await WebSocketTestClient.connect(port: ports.transitWebSocket)
        let waiting = try WebSocketTestSocket.connect(path: path.path + "/transit")
        let silent = try WebSocketTestSocket.connect(path: path.path + "/transit")
        try await waiting.send(RelayHandshake.line(token: RelayHandshake.token(), side: "0000000000000001"))
        _ = try await mailbox.nextText()
        try await eventually("all are counted") {
            let component = #"wormhole_connections_accepted_total{component="transit""#
            let lines = try await server.get("/metrics").split(separator: "\n").filter { $0.hasPrefix(component) }
            return lines.compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +) == 3
        }

        await server.child.send(signal: signal)
        for client in [mailbox, relayed] {
            let frame = try await client.next()
            #expect(frame.closeCode == 1001)
            try await client.send(.close(1001))
            #expect(try await client.remainder().frames.isEmpty)
        }
        for socket in [waiting, silent] {
            #expect(try await socket.receiveToEnd().bytes.isEmpty)
        }
        #expect(try await server.child.end() == .exited(0))
        #expect(!FileManager.default.fileExists(atPath: path.path + "/transit"))
        let moods = try await server.recordLines().compactMap { $0["mood"]?.string }
        #expect(moods.sorted() == ["empty", "empty", "lonely"])
    }

    @Test("pairs may finish, while nobody new is let in")
    func drain() async throws {
        let server = try await RunningServer("--drain-timeout=60", "--blur-usage=0", recordsLines: true)
        let ports = await server.ports
        let pair = try await RelayPair(port: ports.transit)
        try await pair.expectPassage(of: "before")
        await server.child.send(signal: SIGTERM)
        try await eventually("nobody new is let in") {
            do {
                let socket = try WebSocketTestSocket.connect(port: ports.transit)
                await socket.close()
                return false
            } catch { return true }
        }
        try await pair.expectPassage(of: "while it stops")
        try await eventually(
            "the metrics tell what is still to finish",
            isTrue: {
                try await server.metric(#"wormhole_drain_remaining{component="transit"}"#) == 1
            }
        )
        await pair.left.close()
        #expect(try await pair.right.receiveToEnd().bytes.isEmpty)
        #expect(try await server.child.end(within: .seconds(20)) == .exited(0))
        let records = try await server.recordLines().filter { $0["mood"] == "happy" }
        #expect(records.compactMap { $0["total_bytes"]?.number } == [20])
    }

    @Test("pairs that do not finish are ended at the drain timeout, with a record")
    func drainTimeout() async throws {
        let server = try await RunningServer("--drain-timeout=0.5", recordsLines: true)
        let pair = try await RelayPair(port: server.ports.transit)
        try await pair.expectPassage(of: "before")
        #expect(try await server.end(with: SIGTERM) == .exited(0))
        #expect(try await pair.left.receiveToEnd().bytes.isEmpty)
        #expect(try await server.recordLines().filter { $0["mood"] == "happy" }.count == 1)
    }

    @Test("a second signal ends everything at once, with records")
    func hurry() async throws {
        let server = try await RunningServer("--drain-timeout=600", recordsLines: true)
        let pair = try await RelayPair(port: server.ports.transit)
        await server.child.send(signal: SIGTERM)
        try await server.child.errors("it stops") { $0.contains("SIGTERM: stopping") }
        await server.child.send(signal: SIGTERM)
        #expect(try await server.child.end(within: .seconds(30)) == .exited(0))
        #expect(try await pair.left.receiveToEnd().bytes.isEmpty)
        #expect(try await server.recordLines().filter { $0["mood"] == "happy" }.count == 1)
    }
}
