import Foundation
import Observations
import TestSupport
import Testing
import WormholeWire

@testable import Telemetry

@Suite("Counters, hours and days of the usage database")
struct UsageCountsTests {
    private let folder: TemporaryFolder
    private let path: String
    private let view: ForeignView

    init() throws {
        folder = try TemporaryFolder()
        path = folder.path + "/usage.sqlite"
        view = ForeignView(path: path)
    }

    private func open(_ schema: TelemetryConfiguration.UsageSchema = .mailboxSuperset) throws -> UsageDatabase {
        try UsageDatabase(UsageDatabaseFile(path: path, schema: schema, waitsForLock: { _ in false }))
    }

    private func write(_ records: [UsageRecord]) throws {
        let now = Timestamp(seconds: 9)
        try open().write(records, current: .init(rebooted: now, updated: now, blurSeconds: nil, levels: .init()))
    }

    private var counters: [String] {
        get async throws { try await view.rows("SELECT name || '=' || value FROM counters WHERE value ORDER BY name") }
    }

    private func rows(_ table: String) async throws -> [String] {
        try await view.rows("SELECT start || ':' || name || '=' || value FROM \(table) ORDER BY start, name")
    }

    static let names = """
        clients_go-william clients_none clients_other clients_python clients_rust
        mailboxes_crowded mailboxes_errory mailboxes_happy mailboxes_lonely mailboxes_pruney mailboxes_quiet mailboxes_scary
        nameplate_wait_le_1 nameplate_wait_le_10 nameplate_wait_le_120 nameplate_wait_le_1800 nameplate_wait_le_2
        nameplate_wait_le_20 nameplate_wait_le_30 nameplate_wait_le_300 nameplate_wait_le_3600 nameplate_wait_le_5
        nameplate_wait_le_60 nameplate_wait_le_660 nameplate_wait_le_inf
        nameplates_crowded nameplates_happy nameplates_lonely nameplates_pruney
        transit_bytes transit_empty transit_errory transit_happy transit_impatient transit_jilted transit_lonely
        transit_redundant
        transit_wait_le_1 transit_wait_le_10 transit_wait_le_120 transit_wait_le_1800 transit_wait_le_2
        transit_wait_le_20 transit_wait_le_30 transit_wait_le_300 transit_wait_le_3600 transit_wait_le_5
        transit_wait_le_60 transit_wait_le_660 transit_wait_le_inf
        """.split(whereSeparator: \.isWhitespace).map(String.init).sorted()

    @Test(
        "every counter is there at zero from the start",
        arguments: [
            TelemetryConfiguration.UsageSchema.mailboxSuperset, .transitOnly,
        ]
    )
    func zero(schema: TelemetryConfiguration.UsageSchema) async throws {
        _ = try open(schema)
        #expect(try await view.rows("SELECT name FROM counters WHERE value = 0 ORDER BY name") == Self.names)
    }

    @Test("a record counts at once in its counters, its hour and its day")
    func counted() async throws {
        try write([
            .transit(
                Sample.transfer(started: .init(seconds: 86400 + 3601.5), bytes: 7, mood: .happy, waiting: .seconds(2))
            ),
            .transit(
                Sample.transfer(started: .init(seconds: 86400 + 7200), bytes: 5, mood: .happy, waiting: .seconds(4000))
            ),
            .transit(Sample.transfer(started: .init(seconds: 86400 + 7199.9))),
        ])
        #expect(
            try await counters == [
                "transit_bytes=12", "transit_happy=2", "transit_lonely=1", "transit_wait_le_2=1",
                "transit_wait_le_inf=1",
            ]
        )
        #expect(
            try await rows("hours") == [
                "90000:transit_bytes=7", "90000:transit_happy=1", "90000:transit_lonely=1", "90000:transit_wait_le_2=1",
                "93600:transit_bytes=5", "93600:transit_happy=1", "93600:transit_wait_le_inf=1",
            ]
        )
        #expect(try await rows("days").allSatisfy { $0.hasPrefix("86400:") })
        try write([
            .nameplate(Sample.nameplate(started: .init(seconds: 10))),
            .mailbox(Sample.mailbox(started: .init(seconds: 10))),
            .clientVersion(Sample.binding(connected: .init(seconds: 10))),
            .clientVersion(Sample.binding(connected: .init(seconds: 10), implementation: "go-william-1", version: nil)),
            .clientVersion(Sample.binding(connected: .init(seconds: 10), implementation: "Rust", version: nil)),
            .clientVersion(Sample.binding(connected: .init(seconds: 10), implementation: nil, version: nil)),
        ])
        #expect(
            try await rows("days").prefix { $0.hasPrefix("0:") } == [
                "0:clients_go-william=1", "0:clients_none=1", "0:clients_other=1", "0:clients_python=1",
                "0:mailboxes_scary=1", "0:nameplate_wait_le_2=1", "0:nameplates_happy=1",
            ]
        )
    }

    @Test("the sums are the same whether records come one by one, all at once, or are there before", arguments: 0..<4)
    func sameSums(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let records = (0..<200).map { _ in UsageRecord.random(using: &random) }
        try write(records)
        let expected = [try await counters, try await rows("hours"), try await rows("days")]
        // As if an original server had written the rows: without the tables of ours.
        try await view.execute(
            """
            DROP TABLE counters; DROP TABLE hours; DROP TABLE days; DROP TABLE counted; DROP TABLE imported;
            DROP TABLE blurring; DROP TABLE grdb_migrations;
            """
        )
        try write([])
        #expect(try await [counters, rows("hours"), rows("days")] == expected)
        try FileManager.default.removeItem(atPath: path)
        var rest = records[...]
        while !rest.isEmpty {
            let count = Int.random(in: 1...40, using: &random)
            try write(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        #expect(try await [counters, rows("hours"), rows("days")] == expected)
    }

    @Test("rows that an original server has added in between are counted when ours starts again, once")
    func addedInBetween() async throws {
        try write([.transit(Sample.transfer(started: .init(seconds: 10), bytes: 7, mood: .happy))])
        try await view.execute("INSERT INTO usage VALUES (3600.5, 2, 3, 4000, 'happy'), (3601, 1, NULL, 0, 'lonely')")
        try await view.execute("VACUUM")
        for _ in 0..<2 {
            _ = try open()
            #expect(
                try await counters == [
                    "transit_bytes=4007", "transit_happy=2", "transit_lonely=1", "transit_wait_le_5=1",
                ]
            )
        }
        // What another program deletes was counted all the same, and what comes next counts again.
        try await view.execute("DELETE FROM usage")
        _ = try open()
        try await view.execute("INSERT INTO usage VALUES (3601, 1, NULL, 0, 'lonely')")
        _ = try open()
        #expect(try await view.row("SELECT value FROM counters WHERE name = 'transit_lonely'") == "2")
    }

    @Test("rows that make no sense are counted as far as they do")
    func nonsense() async throws {
        _ = try open()
        try await view.execute(
            """
            INSERT INTO usage VALUES (NULL, 1, NULL, NULL, 'happy'), ('soon', 1, 'long', -5, 'lonely'),
                                     (7200, NULL, 1, 2.5, 'unheard of'), (x'00', 1, 1, 'many', NULL);
            INSERT INTO client_versions VALUES (NULL, NULL, 5, x'ff', NULL)
            """
        )
        _ = try open()
        #expect(
            try await counters == [
                "clients_other=1", "transit_bytes=2", "transit_happy=1", "transit_lonely=1", "transit_wait_le_1=2",
                "transit_wait_le_inf=1",
            ]
        )
        #expect(try await rows("hours") == ["0:clients_other=1", "7200:transit_bytes=2", "7200:transit_wait_le_1=1"])
    }
}

extension UsageRecord {
    fileprivate static func random(using random: inout SeededGenerator) -> UsageRecord {
        let time = Timestamp(microseconds: .random(in: 0...400_000_000_000, using: &random))
        let waiting =
            Bool.random(using: &random) ? Duration.milliseconds(Int.random(in: 0...5_000_000, using: &random)) : nil
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return .nameplate(Sample.nameplate(started: time))
        case 1: return .mailbox(Sample.mailbox(started: time))
        case 2:
            let names = [nil, "python", "rust", "go-william", "go-williamsburg", "kotlin"]
            return .clientVersion(Sample.binding(connected: time, implementation: names.randomElement(using: &random)!))
        default:
            return .transit(
                Sample.transfer(
                    started: time,
                    bytes: .random(in: 0...1 << 40, using: &random),
                    mood: TransitMood.allCases.randomElement(using: &random)!,
                    waiting: waiting
                )
            )
        }
    }
}
