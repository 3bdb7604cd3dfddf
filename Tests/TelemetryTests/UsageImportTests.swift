import Foundation
import Observations
import TestSupport
import Testing
import WormholeWire

@testable import Telemetry

@Suite("Importing other usage databases")
struct UsageImportTests {
    private let folder: TemporaryFolder
    private let view: ForeignView

    init() throws {
        folder = try TemporaryFolder()
        view = ForeignView(path: folder.path + "/usage.sqlite")
        try write([.transit(Sample.transfer(started: .init(seconds: 7200.5)))])
    }

    private func write(_ records: [UsageRecord], schema: TelemetryConfiguration.UsageSchema = .mailboxSuperset) throws {
        let file = UsageDatabaseFile(path: view.path, schema: schema, waitsForLock: { $0 < 500 && usleep(10_000) == 0 })
        let now = Timestamp(seconds: 9)
        try UsageDatabase(file).write(
            records,
            current: .init(rebooted: now, updated: now, blurSeconds: nil, levels: .init())
        )
    }

    private func source(_ name: String, _ sql: String) async throws -> String {
        let path = folder.path + "/" + name
        try await ForeignView(path: path).execute(sql)
        return path
    }

    private func add(_ path: String) throws -> UsageImport.Outcome { try UsageImport(into: view.path).add(path) }

    private var state: [String] {
        get async throws {
            try await view.rows(
                """
                SELECT (SELECT count(*) FROM usage), (SELECT count(*) FROM nameplates), (SELECT count(*) FROM mailboxes),
                       (SELECT count(*) FROM client_versions);
                SELECT name, value FROM counters WHERE value ORDER BY name;
                SELECT sum(value) FROM hours; SELECT sum(value) FROM days; SELECT group_concat(value) FROM counted
                """
            )
        }
    }

    @Test("the originals' files are added, counted, and left as they are; a second time adds nothing")
    func added() async throws {
        let mailbox = try await source("v2", UsageDatabaseFileTests.mailboxVersion2)
        let old = try await source(
            "v1",
            UsageDatabaseFileTests.mailboxVersion1 + "UPDATE nameplates SET app_id = 'old'"
        )
        let relay = try await source("relay", UsageDatabaseFileTests.relayVersion1)
        let before = try [mailbox, old, relay].map { try Data(contentsOf: URL(filePath: $0)) }
        #expect(try add(mailbox) == .init(added: [.nameplate: 2, .mailbox: 1, .clientVersion: 1], known: 0))
        #expect(try add(old) == .init(added: [.nameplate: 2, .mailbox: 0], known: 1))
        #expect(try add(relay) == .init(added: [.transit: 2], known: 0))
        let state = try await state
        #expect(
            state == [
                "3|4|1|1", "clients_python|1", "mailboxes_happy|1", "nameplate_wait_le_1|2", "nameplates_happy|2",
                "nameplates_lonely|2", "transit_bytes|4096", "transit_happy|1", "transit_lonely|2",
                "transit_wait_le_1|1", "4108", "4108", "1,1,4,3",
            ]
        )
        #expect(try add(mailbox) == .init(added: [.nameplate: 0, .mailbox: 0, .clientVersion: 0], known: 4))
        #expect(try add(relay).known == 2)
        #expect(try await self.state == state)
        #expect(try [mailbox, old, relay].map { try Data(contentsOf: URL(filePath: $0)) } == before)
    }

    @Test("a file that has grown adds what is new, equal rows as often as it has them, also after retention")
    func grown() async throws {
        let relay = try await source("relay", UsageDatabaseFileTests.relayVersion1)
        #expect(try add(relay).added == [.transit: 2])
        try await view.execute("DELETE FROM usage")
        try await ForeignView(path: relay).execute(
            "INSERT INTO usage VALUES (11, 3, 1, 4096, 'happy'), (12, 1, 1, 1, 'happy')"
        )
        #expect(try add(relay) == .init(added: [.transit: 2], known: 2))
        #expect(try add(relay) == .init(added: [.transit: 0], known: 4))
        #expect(try await view.row("SELECT value FROM counters WHERE name = 'transit_happy'") == "3")
    }

    @Test("the copy made when a file was taken over adds nothing to it")
    func backup() async throws {
        try FileManager.default.removeItem(atPath: view.path)
        try await view.execute(UsageDatabaseFileTests.mailboxVersion2)
        try write([.nameplate(Sample.nameplate())])
        let before = try await state
        #expect(try add(view.path + "-backup-v2").known == 4)
        #expect(try await state == before)
    }

    @Test("a file that cannot be imported is named, and adds nothing")
    func refused() async throws {
        let before = try await state
        let strange = try await source("strange", "CREATE TABLE anything (x)")
        let newer = try await source("newer", UsageDatabaseFileTests.mailboxVersion2 + "UPDATE version SET version = 3")
        let missing = folder.path + "/missing"
        #expect(throws: TelemetryError(.foreignDatabase, "\(strange) is not a usage database")) { try add(strange) }
        #expect(throws: TelemetryError.self) { try add(newer) }
        #expect(throws: TelemetryError(.unusableFile, "\(missing): No such file or directory")) { try add(missing) }
        #expect(throws: TelemetryError(.foreignDatabase, "\(view.path) is the database to import into")) {
            try add(view.path)
        }
        #expect(throws: TelemetryError(.unusableFile, "\(missing): No such file or directory")) {
            _ = try UsageImport(into: missing)
        }
        #expect(!FileManager.default.fileExists(atPath: missing))
        #expect(try await state == before)
    }

    @Test("a file that is damaged in its middle adds nothing at all")
    func damaged() async throws {
        let rows = (0..<3000).map { "(\($0), 1, 1, 1, 'happy')" }.joined(separator: ",")
        let path = try await source(
            "damaged",
            UsageDatabaseFileTests.relayVersion1
                + "DELETE FROM usage; INSERT INTO usage VALUES \(rows); DROP INDEX usage_started_index;"
        )
        var bytes = try Data(contentsOf: URL(filePath: path))
        let middle = bytes.count / 3 / 4096 * 4096
        bytes.replaceSubrange(middle..<middle + 8192, with: Data(repeating: 0xFF, count: 8192))
        try bytes.write(to: URL(filePath: path))
        let before = try await state
        #expect {
            try add(path)
        } throws: {
            ($0 as? TelemetryError)?.description.hasPrefix(path) == true
        }
        #expect(try await state == before)
    }

    @Test("a relay's own database takes relays' records alone")
    func relayAlone() async throws {
        try FileManager.default.removeItem(atPath: view.path)
        try write([], schema: .transitOnly)
        let relay = try await source("relay", UsageDatabaseFileTests.relayVersion1)
        let mailbox = try await source("v2", UsageDatabaseFileTests.mailboxVersion2)
        #expect(try add(relay).added == [.transit: 2])
        #expect(throws: TelemetryError.self) { try add(mailbox) }
        #expect(try await view.row("SELECT version FROM version") == "1")
    }
}
