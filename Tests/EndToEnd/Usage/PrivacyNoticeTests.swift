import Foundation
import TestSupport
import Testing

/// The table of the README that operators paste into a privacy notice, held against what a server really keeps and says.
@Suite("What is kept, and for how long", .timeLimit(.minutes(2)))
struct PrivacyNoticeTests {
    /// `TABLE.FIELD` of the database and of the lines of JSON, as the README names them.
    private func documented() throws -> (columns: Set<String>, keys: Set<String>) {
        let text = try String(contentsOf: Repository.root.appending(path: "README.md"), encoding: .utf8)
        let section = try #require(text.components(separatedBy: "\n## ").first { $0.hasPrefix("What is kept") })
        var (columns, keys): (Set<String>, Set<String>) = ([], [])
        for line in section.split(separator: "\n") where line.hasPrefix("| `") {
            let cells = line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().map { cell in
                cell.matches(of: /`([^`]+)`/).map { String($0.1) }
            }
            try #require(cells.count == 7, "\(line)")
            for field in cells[0] {
                for table in cells[1] { columns.insert("\(table).\(field)") }
                for kind in cells[2] { keys.insert("\(kind).\(field)") }
            }
            #expect(!line.contains("|  |  |"), "every row says what, how exactly and for how long")
        }
        return (columns, keys)
    }

    @Test("the README names every column of the database and every key of the lines, and nothing else")
    func complete() async throws {
        let server = try await RunningServer(recordsLines: true)
        let (left, right) = (
            try await MailboxClient(port: await server.ports.mailbox, app: "app", side: "left"),
            try await MailboxClient(port: await server.ports.mailbox, app: "app", side: "right")
        )
        _ = try await left.meet(at: "1")
        _ = try await right.meet(at: "1")
        try await left.leave()
        try await right.leave()
        let pair = try await RelayPair(port: await server.ports.transit)
        await pair.left.close()
        #expect(try await server.end(with: SIGTERM) == .exited(0))

        let stored = try await server.query(
            "usage.sqlite",
            "SELECT m.name || '.' || c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'"
        )
        let emitted = try await server.recordLines().flatMap { line -> [String] in
            guard case .object(let members) = line, let kind = line["kind"]?.string else { return [] }
            return members.keys.map { "\(kind).\($0)" }
        }
        let documented = try documented()
        #expect(Set(stored.map(String.init)) == documented.columns)
        #expect(Set(emitted) == documented.keys)
    }
}
