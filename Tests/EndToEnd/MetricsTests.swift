import Glibc
import TestSupport
import Testing

@Suite("Metrics", .timeLimit(.minutes(5)))
struct MetricsTests {
    @Test("promtool has nothing to say about them, before and after something has happened")
    func promtool() async throws {
        let server = try await RunningServer()
        try await expectNoRemark(on: server.get("/metrics"))
        let ports = await server.ports
        let pair = try await RelayPair(port: ports.transit)
        try await pair.expectPassage(of: "something")
        await pair.left.close()
        let client = try await WebSocketTestClient.connect(port: ports.mailbox, path: "/v1")
        try await client.send(text: #"{"type":"bind","appid":"a\"\\\n","side":"s"}"#)
        try await client.send(text: #"{"type":"allocate"}"#)
        try await client.send(text: "nonsense")
        try await eventually("it is counted") {
            let sessions = try await server.metric(#"wormhole_transit_sessions_total{mood="happy"}"#)
            let errors = try await server.metric(#"wormhole_mailbox_errors_total{error="bad_json"}"#)
            return sessions == 1 && errors == 1
        }
        try await expectNoRemark(on: server.get("/metrics"))
        _ = try await client.close()
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    private func expectNoRemark(on text: String) async throws {
        let child = try ChildProcess(
            Repository.tool("promtool"),
            ["check", "metrics"],
            ChildProcess.Setup(input: text)
        )
        #expect(try await child.end() == .exited(0))
        #expect(child.output + child.errors == "")
    }
}
