import Foundation
import Glibc
import TestSupport
import Testing

/// What the relay records, by the numbers of its specification.
@Suite("Records of the relay", .serialized, .timeLimit(.minutes(5)))
struct RelayRecordTests {
    private let folder: TemporaryFolder
    private var database: String { folder.path + "/relay.sqlite" }
    private var log: String { folder.path + "/lines" }

    init() throws { folder = try TemporaryFolder() }

    /// The relay alone, and its port.
    private func relay(_ options: String..., sinks: Bool = true) async throws -> (ChildProcess, Int) {
        let both = sinks ? ["--usage-db=\(database)", "--log-fd=3"] : []
        let child = try ChildProcess(
            Repository.server(),
            ["transit", "--port=\(RunningServer.anyPort)"] + both + options,
            ChildProcess.Setup(folder: folder.path, extraOutput: log)
        )
        try await child.errors("it is ready") { $0.contains("[server] ready") }
        return (child, try #require(child.errors.firstMatch(of: /starting on (\d+)/).flatMap { Int($0.1) }))
    }

    private func sql(_ statement: String) async throws -> [Substring] {
        try await run("sqlite3", "-cmd", ".timeout 5000", "-cmd", ".nullvalue NULL", database, statement).split(
            separator: "\n"
        )
    }

    private func lines() throws -> [Substring] {
        try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
    }

    private func now() -> Double { Date().timeIntervalSince1970 }

    /// A pair whose second side connects later, and speaks first if told to.
    private func pair(_ port: Int, bytes: Int, later: Duration = .zero, secondFirst: Bool = false) async throws {
        let token = RelayHandshake.token()
        let handshakes = (1...2).map { RelayHandshake.line(token: token, side: "000000000000000\($0)") }
        let left = try WebSocketTestSocket.connect(port: port)
        if !secondFirst { try await left.send(handshakes[0]) }
        try await Task.sleep(for: later)
        let right = try WebSocketTestSocket.connect(port: port)
        try await right.send(handshakes[1])
        if secondFirst { try await left.send(handshakes[0]) }
        _ = try await left.receive(exactly: 3)
        _ = try await right.receive(exactly: 3)
        try await left.send([UInt8](repeating: 1, count: bytes))
        _ = try await right.receive(exactly: bytes)
        await left.close()
        _ = try await right.receiveToEnd()
    }

    @Test(
        "88, 89, 91, 92, 97, 98: a line has the relay's keys in order, soon, exact, and is the row",
        arguments: [false, true]
    )
    func exact(secondFirst: Bool) async throws {
        let (child, port) = try await relay()
        let before = now()
        try await pair(port, bytes: 1999, later: .milliseconds(300), secondFirst: secondFirst)
        let after = now()
        try await eventually("the line is there", within: .seconds(1)) { try lines().count == 1 }
        let line = try #require(lines().first)
        let keys =
            /\{"started": (\S+), "total_time": (\S+), "waiting_time": (\S+), "total_bytes": 1999, "mood": "happy", "kind": "transit"\}/
        let match = try #require(line.wholeMatch(of: keys))
        let (started, total, waiting) = (Double(match.1) ?? 0, Double(match.2) ?? 0, Double(match.3) ?? 0)
        #expect(started >= before - 0.01 && started <= after - waiting, "the earlier accept counts")
        #expect(waiting > 0.1 && waiting < after - before)
        #expect(total >= waiting && total < after - before + 0.1)
        let stranger = try WebSocketTestSocket.connect(port: port)
        try await stranger.send("hello\n")
        _ = try await stranger.receiveToEnd()
        try await eventually("both rows are there") { try await sql("SELECT 1 FROM usage").count == 2 }
        #expect(try lines().last?.contains(#""waiting_time": null, "total_bytes": 0, "mood": "errory""#) == true)
        let row = try await sql(
            "SELECT started, total_time, waiting_time, total_bytes, result, typeof(started), typeof(total_bytes), typeof(total_time) FROM usage"
        )
        let fields = row[0].split(separator: "|")
        #expect(abs((Double(fields[0]) ?? 0) - started) < 1e-5 && abs((Double(fields[1]) ?? 0) - total) < 1e-9)
        #expect(fields[3...] == ["1999", "happy", "real", "integer", "real"])
        #expect(row[1].contains("|NULL|0|errory|"))
        child.send(signal: SIGTERM)
        #expect(try await child.end() == .exited(0))
    }

    @Test(
        "93-95, 104: a window rounds the start down and the size to its digits, and nothing else",
        arguments: [
            (999, 0), (1000, 1000), (1999, 1000), (999_999, 999_000), (1_000_000, 1_000_000), (1_999_999, 1_000_000),
        ]
    )
    func blurred(bytes: Int, recorded: Int) async throws {
        let (child, port) = try await relay("--blur-usage=3600")
        let before = now()
        try await pair(port, bytes: bytes, later: .milliseconds(150))
        try await eventually("the row is there") { try await sql("SELECT 1 FROM usage").count == 1 }
        let row = try #require(
            try await sql(
                "SELECT started, total_bytes, typeof(started), typeof(total_bytes), typeof(waiting_time), waiting_time FROM usage"
            ).first
        ).split(separator: "|")
        let started = try #require(Int(row[0]))
        #expect(started % 3600 == 0 && Double(started) <= now() && Double(started) > before - 3600)
        #expect(row[1...4] == ["\(recorded)", "integer", "integer", "real"])
        #expect(try #require(Double(row[5])) > 0.01, "waiting is exact")
        #expect(try lines().first?.contains("\"total_bytes\": \(recorded),") == true)
        child.send(signal: SIGTERM)
        #expect(try await child.end() == .exited(0))
    }

    @Test("99, 100: without a sink nothing is written, and no sink ever says jilted")
    func noSink() async throws {
        let (child, port) = try await relay(sinks: false)
        try await pair(port, bytes: 1)
        child.send(signal: SIGTERM)
        #expect(try await child.end() == .exited(0))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["lines"])
        #expect(try Data(contentsOf: URL(filePath: log)).isEmpty)
        let (second, other) = try await relay()
        try await pair(other, bytes: 1)
        second.send(signal: SIGTERM)
        #expect(try await second.end() == .exited(0))
        #expect(try await sql("SELECT result FROM usage") == ["happy"])
        #expect(try lines().count == 1 && lines()[0].contains("happy"))
    }

    @Test("103, 105, 108, 111: the file is the original's, is fresh before any traffic, and is free for others")
    func file() async throws {
        let (child, port) = try await relay()
        try await eventually("the row is there", within: .seconds(1)) {
            try await sql("SELECT 1 FROM current").count == 1
        }
        let tables = try await sql(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name IN ('version','current','usage')"
        )
        #expect(Set(tables) == ["version", "current", "usage"])
        #expect(try await sql("SELECT * FROM version") == ["1"])
        #expect(
            try await sql("SELECT name FROM sqlite_master WHERE type = 'index' AND name LIKE 'usage%' ORDER BY 1")
                == ["usage_result_index", "usage_started_index"]
        )
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["lines", "relay.sqlite"])
        let first = try await sql("SELECT rebooted, updated FROM current")
        _ = try await sql("CREATE TABLE mine (x); DROP TABLE mine")
        try await pair(port, bytes: 1)
        try await eventually("the row follows") { try await sql("SELECT rebooted, updated FROM current") != first }
        child.send(signal: SIGTERM)
        #expect(try await child.end() == .exited(0))
        try await Task.sleep(for: .seconds(1))
        let (again, _) = try await relay()
        #expect(try await sql("SELECT count(*) FROM usage") == ["1"])
        try await eventually("it says when it started") {
            try await sql("SELECT rebooted FROM current") != [first[0].split(separator: "|")[0]]
        }
        again.send(signal: SIGTERM)
        #expect(try await again.end() == .exited(0))
    }

    @Test("106, 107: a file of another kind is refused as it is; an empty one is filled")
    func refusedOrFilled() async throws {
        for content in [Data("no database, whatever it may be".utf8), Data(repeating: 0xAB, count: 8192)] {
            try content.write(to: URL(filePath: database))
            let child = try ChildProcess(
                Repository.server(),
                ["transit", "--port=\(RunningServer.anyPort)", "--usage-db=\(database)"]
            )
            #expect(try await child.end() == .exited(1))
            #expect(child.errors.contains("Error: \(database) is not an SQLite database"))
            #expect(try Data(contentsOf: URL(filePath: database)) == content)
        }
        try Data().write(to: URL(filePath: database))
        let (child, _) = try await relay()
        #expect(try await sql("SELECT * FROM version") == ["1"])
        child.send(signal: SIGTERM)
        #expect(try await child.end() == .exited(0))
        _ = try await sql("UPDATE version SET version = 2")
        let before = try Data(contentsOf: URL(filePath: database))
        let refused = try ChildProcess(
            Repository.server(),
            ["transit", "--port=\(RunningServer.anyPort)", "--usage-db=\(database)"]
        )
        #expect(try await refused.end() == .exited(1))
        #expect(refused.errors.contains("has version 2"))
        #expect(try Data(contentsOf: URL(filePath: database)) == before)
    }

    @Test("110: the current row counts relayed connections, waiting tokens, and bytes under way")
    func current() async throws {
        let (child, port) = try await relay()
        let pair = try await RelayPair(port: port)
        try await pair.expectPassage(of: "nine byte")
        var waiting: [WebSocketTestSocket] = []
        let token = RelayHandshake.token()
        for token in [token, token, token, RelayHandshake.token(), RelayHandshake.token()] {
            let socket = try WebSocketTestSocket.connect(port: port)
            try await socket.send(RelayHandshake.line(token: token, side: "0000000000000001"))
            waiting.append(socket)
        }
        waiting.append(try WebSocketTestSocket.connect(port: port))
        try await eventually("the row tells") {
            // Each record brings the row up to date.
            let stranger = try WebSocketTestSocket.connect(port: port)
            try await stranger.send("hello\n")
            _ = try await stranger.receiveToEnd()
            return try await sql("SELECT connected, waiting, incomplete_bytes FROM current") == ["2|3|9"]
        }
        child.send(signal: SIGTERM)
        #expect(try await child.end() == .exited(0))
        #expect(try await sql("SELECT connected, waiting, incomplete_bytes FROM current") == ["0|0|0"])
    }
}
