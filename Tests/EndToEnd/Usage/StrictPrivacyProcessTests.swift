import Foundation
import TestSupport
import Testing

/// A scraper that reads the release build once and again, and wants to know when each client came.
@Suite("Strict privacy of the release build", .serialized, .timeLimit(.minutes(3)))
struct StrictPrivacyProcessTests {
    /// What moves by the clock or because somebody looks; the rest may move for a client alone.
    private static let clocks = [
        "wormhole_admin_", "wormhole_metrics_", "wormhole_event_loop_heartbeat", "wormhole_maintenance_",
        "wormhole_usage_last_write", "wormhole_selftest",
    ]

    private func moving(_ exposition: String) -> [Substring] {
        exposition.split(separator: "\n").filter { line in
            !line.hasPrefix("#") && !Self.clocks.contains { line.hasPrefix($0) }
        }
    }

    /// What the endpoint says of who is there now, by its other pages.
    private func present(_ server: RunningServer) async throws -> [String] {
        let status = try JSON(try await server.get("/status"))
        let present = try #require(status["present"])
        var answers = ["mailbox_connections", "transit_pairs"].map { "\(present[$0]?.number ?? -1)" }
        for path in ["/debug/connections", "/debug/traffic?samples=1&interval=1"] {
            answers.append(String(try await server.status(of: path).code))
        }
        return answers
    }

    @Test(
        "between window ends nothing tells of a client; without strict privacy everything does",
        arguments: [false, true]
    )
    func scraped(isStrict: Bool) async throws {
        let window = 8.0
        let server = try await RunningServer(
            "--blur-usage=8",
            isStrict ? "--privacy=strict" : "--privacy=standard",
            recordsLines: true
        )
        let ports = await server.ports
        func rest() -> Double { window - Date().timeIntervalSince1970.truncatingRemainder(dividingBy: window) }
        // Past the next window's beginning, so that the start of the server is no news any more.
        try await Task.sleep(for: .seconds(rest() + 1))
        let before = moving(try await server.get("/metrics"))
        let nobody = try await present(server)
        let rows =
            "SELECT (SELECT count(*) FROM usage), (SELECT sum(value) FROM counters), connected, waiting FROM current"
        let stored = try await server.query("usage.sqlite", rows)
        let files = try modified(server)
        let pair = try await RelayPair(port: ports.transit)
        let client = try await MailboxClient(port: ports.mailbox, app: "app", side: "side")
        _ = try await client.meet(at: "1")
        let somebody = try await present(server)
        #expect((nobody == somebody) == isStrict, "\(nobody) \(somebody)")
        #expect(somebody.dropFirst(2) == (isStrict ? ["403", "403"] : ["200", "200"]))
        var differences: Set<Substring> = []
        for round in 0..<3 {
            try await Task.sleep(for: .seconds(1))
            if round == 1 {
                await pair.left.close()
                _ = try await pair.right.receiveToEnd()
                try await client.leave()
            }
            differences.formUnion(Set(moving(try await server.get("/metrics"))).subtracting(before))
        }
        try #require(rest() > 0.5, "the machine is too slow for this window")
        let isSilent = try await server.query("usage.sqlite", rows) == stored && modified(server) == files
        let lines = try await server.recordLines()
        if isStrict {
            #expect(differences.isEmpty)
            #expect(isSilent && lines.isEmpty)
        } else {
            #expect(differences.contains { $0.hasPrefix("wormhole_transit_active_sessions 1") })
            #expect(!isSilent && !lines.isEmpty)
        }
        try await eventually("all comes out at the end of the window", within: .seconds(20)) {
            let lines = try await server.recordLines().count
            let sessions = try await server.metric(#"wormhole_transit_sessions_total{mood="happy"}"#)
            let rows = try await server.query("usage.sqlite", "SELECT count(*) FROM usage")
            return lines == 4 && sessions == 1 && rows == ["1"]
        }
        let times = try await server.recordLines().flatMap { line in
            ["started", "connect_time", "total_time", "waiting_time"].compactMap { line[$0]?.number }
        }
        if isStrict { #expect(times.allSatisfy { $0.truncatingRemainder(dividingBy: window) == 0 }) }
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    /// When the files of records were last written.
    private func modified(_ server: RunningServer) throws -> [Date?] {
        try ["usage.sqlite", "records.jsonl"].map {
            try FileManager.default.attributesOfItem(atPath: server.folder.path + "/" + $0)[.modificationDate] as? Date
        }
    }
}
