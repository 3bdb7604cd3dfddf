import Foundation
import TestSupport
import Testing

@Suite("The command usage", .timeLimit(.minutes(5)))
struct UsageCommandTests {
    /// Runs it, and returns what it writes and how it ends.
    private func usage(_ folder: String, _ options: String...) async throws -> ChildProcess {
        let child = try ChildProcess(Repository.server(), ["usage", "--state-dir=\(folder)"] + options)
        _ = try await child.end()
        return child
    }

    @Test("it tells what happened while the server runs and after it has stopped, in three forms")
    func tells() async throws {
        let server = try await RunningServer()
        let folder = server.folder.path
        let (left, right) = (
            try await MailboxClient(port: await server.ports.mailbox, app: "app", side: "left"),
            try await MailboxClient(port: await server.ports.mailbox, app: "app", side: "right")
        )
        _ = try await left.meet(at: "1")
        _ = try await right.meet(at: "1")
        try await left.leave()
        try await right.leave()
        let pair = try await RelayPair(port: await server.ports.transit)
        try await pair.left.send([UInt8](repeating: 7, count: 50_999))
        _ = try await pair.right.receive(exactly: 50_999)
        await pair.left.close()
        try await eventually("all is recorded") {
            try await server.query(
                "usage.sqlite",
                "SELECT (SELECT count(*) FROM usage) + (SELECT count(*) FROM mailboxes)"
            ) == ["2"]
        }
        for isRunning in [true, false] {
            if !isRunning { #expect(try await server.end(with: SIGTERM) == .exited(0)) }
            let text = try await usage(folder).output
            for line in [
                /\nMailboxes +1 +1 +1 +1\n/, /\n  happy +1 100% +1 100% +1 100% +1 100%\n/,
                /\n  bytes relayed +50 kB +50 kB/,
                /\n  half waited at most +\d/, /\nBy day/, /█/, /\nClient versions\n  unnamed +2 █/,
            ] { #expect(text.contains(line), "\(line): \(text)") }

            let csv = try await usage(folder, "--csv", "--since=1d", "--step=hour").output.split(separator: "\n")
            let columns = try #require(csv.first).split(separator: ",")
            let place = try #require(columns.firstIndex(of: "transit_bytes"))
            #expect(csv.count >= 25 && csv.allSatisfy { $0.split(separator: ",").count == columns.count })
            #expect(csv.dropFirst().reduce(0) { $0 + (Int($1.split(separator: ",")[place]) ?? 0) } == 50_000)

            let json = try JSON(try await usage(folder, "--json").output)
            #expect(json["periods"]?.array?.compactMap { $0["name"]?.string } == ["hour", "day", "week", "month"])
            let month = try #require(json["periods"]?.array?.last)
            #expect(month["counts"]?["mailboxes_happy"] == .number(1))
            #expect(month["counts"]?["clients_none"] == .number(2))
            #expect(month["waits"]?["nameplate"]?["count"] == .number(1))
            #expect(month["waits"]?["nameplate"]?["exact"] == .bool(true))
        }
        let past = try JSON(try await usage(folder, "--json", "--since=2020-01-01", "--until=2020-01-02T12:00").output)
        #expect(past["periods"]?.array?.first?["counts"]?["mailboxes_happy"] == .number(0))
        #expect(past["periods"]?.array?.first?["until"]?.string == "2020-01-02T12:00:00Z")
    }

    @Test("what a client calls itself cannot command the operator's terminal")
    func controlSequences() async throws {
        let server = try await RunningServer()
        let connection = try await WebSocketTestClient.connect(port: await server.ports.mailbox, path: "/v1")
        try await connection.send(
            text: #"{"type":"bind","appid":"a","side":"s","client_version":["\u001b]0;gotcha\u0007","\u202e1\n2"]}"#
        )
        try await eventually("the client is recorded") {
            try await server.query("usage.sqlite", "SELECT count(*) FROM client_versions") == ["1"]
        }
        let text = try await usage(server.folder.path).output
        #expect(text.contains("?]0;gotcha? ?1?2"))
        #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || !$0.properties.generalCategory.isHidden })
    }

    @Test("an error is one line and exit status 1, and nothing is made")
    func errors() async throws {
        let folder = try TemporaryFolder()
        let missing = try await usage(folder.path)
        #expect(missing.errors == "Error: \(folder.path)/usage.sqlite: No such file or directory\n")
        #expect(try await missing.end() == .exited(1) && missing.output.isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
        try Data("garbage that is no database".utf8).write(to: URL(filePath: folder.path + "/usage.sqlite"))
        let garbage = try await usage(folder.path, "--json")
        #expect(garbage.errors == "Error: \(folder.path)/usage.sqlite is not an SQLite database\n")
        #expect(try await garbage.end() == .exited(1))
        for wrong in [["--since=yesterday"], ["--json", "--csv"], ["--since=1d", "--until=2d"], ["--step=minute"]] {
            let child = try ChildProcess(Repository.server(), ["usage"] + wrong)
            #expect(try await child.end() == .exited(64), "\(wrong)")
        }
    }
}

extension Unicode.GeneralCategory {
    fileprivate var isHidden: Bool { [.control, .format, .lineSeparator, .paragraphSeparator].contains(self) }
}
