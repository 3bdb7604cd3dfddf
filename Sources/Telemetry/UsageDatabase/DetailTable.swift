import Observations
import WormholeWire

/// One of the tables that hold a row for each record, and how its rows are counted.
struct DetailTable: Equatable, Sendable {
    let kind: RecordKind
    let name: String
    let columns: [UsageSchema.Column]
    /// The column by which a row falls into an hour and a day.
    let timeColumn: String
    /// What its rows can be counted under.
    let names: [String]
    /// Statements with one parameter, the number of newest rows, that add them to `counters`, `hours` and `days`.
    let countingStatements: [String]

    static let nameplates = DetailTable(
        .nameplate,
        "nameplates",
        UsageSchema.nameplates,
        tallies: [
            .each("nameplates_", "result", of: NameplateResult.self),
            .waits("nameplate_wait_le_"),
        ]
    )
    static let mailboxes = DetailTable(
        .mailbox,
        "mailboxes",
        UsageSchema.mailboxes,
        tallies: [.each("mailboxes_", "result", of: MailboxResult.self)]
    )
    static let clientVersions = DetailTable(
        .clientVersion,
        "client_versions",
        UsageSchema.clientVersions,
        time: "connect_time",
        tallies: [
            .each(
                "clients_",
                """
                CASE WHEN implementation IS NULL THEN 'none'
                     WHEN implementation IN ('python', 'rust') THEN implementation
                     WHEN substr(implementation, 1, 10) = 'go-william' THEN 'go-william'
                     ELSE 'other' END
                """,
                of: ClientImplementation.self
            )
        ]
    )
    static let transfers = DetailTable(
        .transit,
        "usage",
        UsageSchema.usage,
        tallies: [
            .each("transit_", "result", of: TransitMood.self),
            .sum("transit_bytes", of: "total_bytes"),
            .waits("transit_wait_le_"),
        ]
    )
    static let all = [nameplates, mailboxes, clientVersions, transfers]

    static func table(of kind: RecordKind) -> DetailTable {
        switch kind {
        case .nameplate: nameplates
        case .mailbox: mailboxes
        case .clientVersion: clientVersions
        case .transit: transfers
        }
    }

    static func == (left: Self, right: Self) -> Bool { left.kind == right.kind }

    private init(
        _ kind: RecordKind,
        _ name: String,
        _ columns: [UsageSchema.Column],
        time: String = "started",
        tallies: [Tally]
    ) {
        self.kind = kind
        self.name = name
        self.columns = columns
        timeColumn = time
        names = tallies.flatMap(\.names)
        // Rows that other programs wrote may hold anything: what is on no list is not counted, and a row without a time
        // falls into no hour.
        let known = names.map { "'\($0)'" }.joined(separator: ", ")
        let all = tallies.map { "SELECT time, \($0.name) AS name, \($0.value) AS value FROM new WHERE \($0.condition)" }
            .joined(separator: " UNION ALL ")
        let source = """
            WITH new AS (SELECT *, \(time) AS time FROM `\(name)` ORDER BY rowid DESC LIMIT ?),
                 tallies AS (SELECT * FROM (\(all)) WHERE name IN (\(known)))
            """
        func rollUp(_ table: String, _ seconds: Int) -> String {
            """
            \(source)
            INSERT INTO \(table) (start, name, value)
            SELECT CAST(time AS INTEGER) / \(seconds) * \(seconds), name, sum(value) FROM tallies
            WHERE typeof(time) IN ('integer', 'real') GROUP BY 1, 2
            ON CONFLICT (start, name) DO UPDATE SET value = value + excluded.value
            """
        }
        countingStatements = [
            """
            \(source)
            INSERT INTO counters (name, value) SELECT name, sum(value) FROM tallies WHERE true GROUP BY name
            ON CONFLICT (name) DO UPDATE SET value = value + excluded.value
            """,
            rollUp("hours", 3600), rollUp("days", 86400),
        ]
    }

    /// One way of counting a row, in SQL.
    private struct Tally {
        /// Under what, as an expression.
        let name: String
        /// How much, as an expression.
        let value: String
        /// Which rows.
        let condition: String
        let names: [String]

        static func each<Word: CaseIterable & RawRepresentable<String>>(
            _ prefix: String,
            _ word: String,
            of words: Word.Type
        ) -> Tally {
            Tally(
                name: "'\(prefix)' || \(word)",
                value: "1",
                condition: "true",
                names: words.allCases.map { prefix + $0.rawValue }
            )
        }

        static func sum(_ name: String, of column: String) -> Tally {
            Tally(
                name: "'\(name)'",
                value: "max(0, CAST(coalesce(\(column), 0) AS INTEGER))",
                condition: "true",
                names: [name]
            )
        }

        static func waits(_ prefix: String) -> Tally {
            let cases = UsageCounts.waitBounds.map { "WHEN waiting_time <= \($0) THEN '\($0)'" }
            return Tally(
                name: "'\(prefix)' || CASE \(cases.joined(separator: " ")) ELSE 'inf' END",
                value: "1",
                condition: "waiting_time IS NOT NULL",
                names: UsageCounts.waitBounds.map { "\(prefix)\($0)" } + ["\(prefix)inf"]
            )
        }
    }
}
