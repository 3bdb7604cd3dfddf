import Foundation
import Glibc
import TestSupport
import Testing

@Suite("The admin endpoint's description of itself", .timeLimit(.minutes(5)))
struct AdminInterfaceTests {
    /// Schemathesis asks for everything the description allows, and for what it does not, and compares the answers with it.
    /// Left out is what answers for as long as one listens; it has tests of its own.
    @Test("schemathesis finds no difference between it and the running server")
    func schemathesis() async throws {
        let folder = try TemporaryFolder()
        let token = folder.path + "/token"
        try Data("0123456789abcdef".utf8).write(to: URL(filePath: token))
        let server = try await RunningServer("--admin-token-file=\(token)")
        let child = try ChildProcess(
            Repository.python("schemathesis"),
            [
                "run", "http://127.0.0.1:\(await server.ports.admin)/openapi.json",
                "--header", "Authorization: Bearer 0123456789abcdef", "--checks", "all",
                "--phases", "coverage,fuzzing", "--max-examples", "5", "--generation-deterministic",
                "--exclude-path", "/debug/traffic", "--request-timeout", "10", "--continue-on-failure", "--no-color",
            ],
            ChildProcess.Setup(folder: folder.path)
        )
        #expect(try await child.end(within: .seconds(120)) == .exited(0), "\(child.transcript)")
        #expect(child.output.contains("Tested: "))
        #expect(try await server.get("/healthz") == "ok\n")
        #expect(try await server.metric(#"wormhole_internal_errors_total{component="admin"}"#) == 0)
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    @Test("usage is told by the hour, as JSON and as a table")
    func usage() async throws {
        let server = try await RunningServer("--blur-usage=0")
        let pair = try await RelayPair(port: server.ports.transit)
        try await pair.expectPassage(of: "12345")
        await pair.left.close()
        _ = try await pair.right.receiveToEnd()
        try await eventually("the transfer is in it") {
            let spans = try JSON(try await server.get("/usage"))["spans"]?.array ?? []
            return spans.count >= 24 && spans.contains { $0["transit_happy"] == 1 && $0["transit_bytes"] == 5 }
        }
        let table = try await server.get("/usage?step=day&format=csv").split(separator: "\n").map {
            $0.split(separator: ",")
        }
        let column = try #require(table.first?.firstIndex(of: "transit_happy"))
        #expect(table.dropFirst().compactMap { Int($0[column]) }.reduce(0, +) == 1)
        let status = try JSON(try await server.get("/status"))
        #expect(status["totals"]?["hour"]?["transfers"] == 1)
        #expect(status["since_start"]?["relayed_bytes"] == 5)
        #expect(status["state"] == "ready")
        #expect(try await server.get("/").contains("relayed bytes"))
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }
}
