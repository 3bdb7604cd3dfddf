import Foundation
import GRDB
import MailboxRules
import Observations
import TestSupport
import Testing
import WormholeWire

@testable import MailboxService

@Suite("Channel database")
struct ChannelDatabaseTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.path + "/relay.sqlite"
    }

    private func open() throws -> ChannelDatabase {
        try ChannelReading(of: path).open(.full).database
    }

    private static let app = AppID("lothar.com/é")!
    private static let mailbox = MailboxID("abc\u{0}def")!

    /// A nameplate, a mailbox with two sides, and a message of every awkwardness.
    private static let changes: [Change] = [
        .mailboxCreated(app, mailbox, isForNameplate: true, updated: Timestamp(seconds: 1000.5)),
        .nameplateCreated(row: 7, app, Nameplate(4), mailbox),
        .nameplateSideAdded(row: 1, nameplateRow: 7, Side("a")!, added: Timestamp(seconds: 1000.5)),
        .nameplateSideAdded(row: 2, nameplateRow: 7, Side("")!, added: Timestamp(seconds: 1001)),
        .nameplateSideReleased(row: 1, nameplateRow: 7, Side("a")!),
        .mailboxSideAdded(row: 3, mailbox, Side("a")!, added: Timestamp(seconds: 1000.5)),
        .mailboxSideAdded(row: 4, mailbox, Side("")!, added: Timestamp(seconds: 1001)),
        .mailboxSideClosed(row: 4, mailbox, Side("")!, mood: "sc\u{0}ary"),
        .messageAdded(
            app,
            mailbox,
            StoredMessage(
                side: Side("a")!,
                phase: Phase("\u{0}")!,
                body: "00\u{0}e\u{301}😀",
                id: JSONText(valid: #""x\u0000""#),
                received: Timestamp(microseconds: 1_795_233_738_845_414)
            )
        ),
        .messageAdded(
            app,
            mailbox,
            StoredMessage(
                side: Side("")!,
                phase: Phase("")!,
                body: "",
                id: .null,
                received: Timestamp(microseconds: 1_795_233_738_845_415)
            )
        ),
    ]

    @Test("what is written is read back, whatever the text")
    func roundTrip() throws {
        let database = try open()
        try database.write(Self.changes)
        try database.close()
        let stored = try open().load()
        #expect(
            stored.lastRows.nameplate == 7 && stored.lastRows.nameplateSide == 2 && stored.lastRows.mailboxSide == 4
        )
        let nameplate = try #require(stored.nameplates[Self.app]?.values.first)
        #expect(nameplate.nameplate == Nameplate(4) && nameplate.mailbox == Self.mailbox)
        #expect(nameplate.sides.map(\.isClaimed) == [false, true])
        let mailbox = try #require(stored.mailboxes.values.first)
        #expect(mailbox.appID == Self.app && mailbox.id == Self.mailbox && mailbox.isForNameplate)
        #expect(mailbox.sides.map(\.mood) == [nil, "sc\u{0}ary"])
        #expect(mailbox.sides.map(\.isOpen) == [true, false])
        #expect(mailbox.messages.map(\.body.text.utf8.count) == [Array("00\u{0}e\u{301}😀".utf8).count, 0])
        #expect(mailbox.messages.map(\.id.string) == ["x\u{0}", nil])
        #expect(mailbox.messages.map(\.received.microseconds) == [1_795_233_738_845_414, 1_795_233_738_845_415])
        #expect(mailbox.updated.microseconds == 1_795_233_738_845_415)
    }

    @Test("86: activity is written down where it was, and nowhere else")
    func touching() throws {
        let database = try open()
        for name in ["one", "two"] {
            let updated = Timestamp(seconds: 5)
            try database.write([.mailboxCreated(Self.app, MailboxID(name)!, isForNameplate: false, updated: updated)])
        }
        for seconds in [65, 1061.25] {
            try database.write([.mailboxTouched(MailboxID("one")!, updated: Timestamp(seconds: seconds))])
            let rows = try ForeignAccess(path: path).rows("SELECT updated FROM mailboxes ORDER BY id")
            #expect(rows.map { $0["updated"] as Double } == [seconds, 5])
        }
        try database.close()
        let stored = try open().load()
        #expect(stored.mailboxes[MailboxID("one")!]?.updated == Timestamp(seconds: 1061.25))
        #expect(stored.mailboxes[MailboxID("two")!]?.updated == Timestamp(seconds: 5))
    }

    @Test("deleting leaves no row behind")
    func deletion() throws {
        let database = try open()
        try database.write(Self.changes)
        try database.write([
            .nameplateDeleted(row: 7, sideRows: [1, 2]), .mailboxDeleted(Self.app, Self.mailbox, sideRows: [3, 4]),
        ])
        let stored = try database.load()
        #expect(stored.mailboxes.isEmpty && stored.nameplates.isEmpty)
        // Numbers of nameplates are never given twice, as the original's AUTOINCREMENT has it.
        #expect(stored.lastRows.nameplate == 7)
        try database.queue.inDatabase { db throws in
            for table in ["nameplates", "nameplate_sides", "mailboxes", "mailbox_sides", "messages"] {
                #expect(try Int.fetchOne(db, sql: "SELECT count(*) FROM \(table)") == 0, "\(table)")
            }
        }
    }

    @Test("a batch with one change that cannot be written is not written at all")
    func atomicity() throws {
        let database = try open()
        let clash: [Change] = [
            .mailboxCreated(Self.app, MailboxID("m")!, isForNameplate: false, updated: Timestamp(microseconds: 0)),
            .mailboxCreated(Self.app, MailboxID("m")!, isForNameplate: false, updated: Timestamp(microseconds: 0)),
        ]
        let error = #expect(throws: ChannelDatabaseError.self) { try database.write(clash) }
        #expect(error?.kind == .constraint)
        #expect(try database.load().mailboxes.isEmpty)
        try database.write([clash[0]])
        #expect(try database.load().mailboxes.count == 1)
    }

    /// Version 1. Source: mailbox protocol, section on the schema.
    private static let tables = [
        "mailbox_sides: mailbox_id, opened BOOLEAN, side VARCHAR, added INTEGER, mood VARCHAR",
        "mailboxes: app_id VARCHAR, id VARCHAR, updated INTEGER, for_nameplate BOOLEAN",
        "messages: app_id VARCHAR, mailbox_id VARCHAR, side VARCHAR, phase VARCHAR, body VARCHAR, server_rx INTEGER, "
            + "msg_id VARCHAR",
        "nameplate_sides: nameplates_id, claimed BOOLEAN, side VARCHAR, added INTEGER",
        "nameplates: id INTEGER, app_id VARCHAR, name VARCHAR, mailbox_id VARCHAR, request_id VARCHAR",
        // SQLite's own, for the numbers of nameplates.
        "sqlite_sequence: name, seq",
        "version: version INTEGER",
    ]
    private static let indices = [
        "mailboxes_idx: mailboxes(app_id, id)", "messages_idx: messages(app_id, mailbox_id)",
        "nameplates_idx: nameplates(app_id, name)", "nameplates_mailbox_idx: nameplates(app_id, mailbox_id)",
        "nameplates_request_idx: nameplates(app_id, request_id)",
        "sqlite_autoindex_mailboxes_1: mailboxes(id)",
    ]
    private static let keys = [
        "mailbox_sides.mailbox_id: mailboxes.id", "nameplate_sides.nameplates_id: nameplates.id",
        "nameplates.mailbox_id: mailboxes.id",
    ]

    @Test("92: a fresh file has the tables of version 1 and no others, and only its owner may read it")
    func freshFile() throws {
        try open().close()
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect((attributes[.posixPermissions] as? Int) == 0o600)
        let view = ForeignAccess(path: path)
        let tables = """
            SELECT m.name || ': ' || (SELECT group_concat(trim(name || ' ' || type), ', ') FROM pragma_table_info(m.name))
            FROM sqlite_master m WHERE m.type = 'table' ORDER BY m.name
            """
        #expect(try view.texts(tables) == Self.tables)
        let indices = """
            SELECT m.name || ': ' || m.tbl_name
                || (SELECT '(' || group_concat(name, ', ') || ')' FROM pragma_index_info(m.name))
            FROM sqlite_master m WHERE m.type = 'index' ORDER BY m.name
            """
        #expect(try view.texts(indices) == Self.indices)
        let keys = """
            SELECT m.name || '.' || k."from" || ': ' || k."table" || '.' || k."to"
            FROM sqlite_master m, pragma_foreign_key_list(m.name) k ORDER BY 1
            """
        #expect(try view.texts(keys) == Self.keys)
        #expect(try view.texts("SELECT type FROM sqlite_master WHERE type NOT IN ('table', 'index')") == [])
        #expect(try view.texts("SELECT sql FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'").count == 1)
        #expect(try view.texts("SELECT CAST(version AS TEXT) FROM version") == ["1"])
        #expect(try view.texts("PRAGMA journal_mode") == ["delete"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["relay.sqlite"])
    }

    @Test("91: a file of version 2 is opened and stays one")
    func versionTwo() throws {
        try open().close()
        try DatabaseQueue(path: path).write { db in
            try db.execute(sql: "UPDATE version SET version = 2; CREATE TABLE connections (id INTEGER)")
        }
        try open().close()
        try DatabaseQueue(path: path).read { db throws in
            #expect(try Int.fetchOne(db, sql: "SELECT version FROM version") == 2)
        }
    }

    @Test(
        "91: what is no channel database is refused in one line that names it, and left as it is",
        arguments: [
            ("junk", "is not an SQLite database"), ("version 9", "Unable to handle db version 9"),
            ("no version", "without a version"), ("foreign keys", "rows refer to rows that are gone"),
        ]
    )
    func refusals(kind: String, words: String) throws {
        switch kind {
        case "junk": try Data(repeating: 0x41, count: 5000).write(to: URL(fileURLWithPath: path))
        case "no version":
            try DatabaseQueue(path: path).write { try $0.execute(sql: "CREATE TABLE other (a)") }
        default:
            try open().close()
            var configuration = Configuration()
            configuration.foreignKeysEnabled = false
            try DatabaseQueue(path: path, configuration: configuration).write { db in
                let damage =
                    kind == "version 9"
                    ? "UPDATE version SET version = 9" : "INSERT INTO mailbox_sides (mailbox_id) VALUES ('gone')"
                try db.execute(sql: damage)
            }
        }
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        let error = #expect(throws: ChannelDatabaseError.self) { try open() }
        let description = error?.description ?? ""
        #expect(description.contains(words) && description.contains(path), "\(description)")
        #expect(!description.contains("\n"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    }

    @Test("93: an empty file counts as none, and :memory: leaves nothing on disk")
    func emptyAndMemory() throws {
        try Data().write(to: URL(fileURLWithPath: path))
        #expect(try open().load().mailboxes.isEmpty)
        let before = try Self.workingFolder
        for synchronization in ChannelDatabase.Synchronization.allCases {
            let memory = try ChannelReading(of: ":memory:").open(synchronization).database
            try memory.write(Self.changes)
            try memory.checkpoint()
            #expect(try memory.load().nameplates.count == 1)
            #expect(try Self.workingFolder == before)
            try memory.close()
        }
        #expect(try Self.workingFolder == before)
    }

    /// Where a database without a folder in its name would leave something.
    private static var workingFolder: Set<String> {
        get throws { Set(try FileManager.default.contentsOfDirectory(atPath: ".")) }
    }

    @Test("a directory that does not exist is told by name")
    func missingDirectory() {
        let error = #expect(throws: ChannelDatabaseError.self) {
            try ChannelDatabase(path: folder.path + "/none/relay.sqlite", synchronization: .full)
        }
        #expect(error?.description.contains("none/relay.sqlite") == true)
        #expect(error?.description.contains("No such file or directory") == true)
    }

    @Test("89, D3: what older servers leave behind is cleared away: orphaned messages, names that are no nameplates")
    func leftovers() throws {
        let database = try open()
        try database.write(Self.changes)
        try database.queue.inDatabase { db in
            try db.execute(
                sql: """
                    INSERT INTO messages (app_id, mailbox_id, body) VALUES ('a', 'gone', '00');
                    INSERT INTO mailboxes (app_id, id, updated) VALUES ('a', 'odd', 5);
                    INSERT INTO nameplates (id, app_id, name, mailbox_id) VALUES (9, 'a', '1\n', 'odd');
                    INSERT INTO nameplate_sides (nameplates_id, claimed, side, added) VALUES (9, 1, 's', 5);
                    """
            )
        }
        let stored = try database.load()
        #expect(stored.nameplates.values.flatMap(\.values).map(\.row) == [7])
        try database.queue.inDatabase { db throws in
            #expect(try Int.fetchOne(db, sql: "SELECT count(*) FROM messages") == 2)
            #expect(try Int.fetchOne(db, sql: "SELECT count(*) FROM nameplate_sides") == 2)
        }
    }

    @Test("D21: a file that grew once gives its pages back, when it is idle")
    func shrinking() throws {
        let database = try open()
        try database.write(Self.changes)
        let body = WireString(String(repeating: "0", count: 1_000_000))
        let message = StoredMessage(
            side: Side("a")!,
            phase: Phase("p")!,
            body: body,
            id: .null,
            received: Timestamp(microseconds: 1)
        )
        for _ in 0..<4 { try database.write([.messageAdded(Self.app, Self.mailbox, message)]) }
        try database.checkpoint()
        let grown = try size()
        #expect(grown > 4_000_000)
        try database.write([
            .nameplateDeleted(row: 7, sideRows: [1, 2]), .mailboxDeleted(Self.app, Self.mailbox, sideRows: [3, 4]),
        ])
        for _ in 0..<10 { try database.checkpoint() }
        #expect(try size() < 1_100_000)
    }

    @Test("D21: a file of the original's that is mostly free pages is made small at the start")
    func shrinkingAtStart() throws {
        try open().close()
        try DatabaseQueue(path: path).inDatabase { db in
            try db.execute(sql: "PRAGMA auto_vacuum = NONE; VACUUM")
            try db.execute(sql: "INSERT INTO messages (app_id, mailbox_id, body) VALUES ('a', 'm', zeroblob(4000000))")
            try db.execute(sql: "DELETE FROM messages")
        }
        #expect(try size() > 4_000_000)
        try open().close()
        #expect(try size() < 200_000)
    }

    /// Bytes of the file itself.
    private func size() throws -> Int {
        try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
    }

    @Test("a full disk is told as one, and a checkpoint makes the log part of the file")
    func fullDisk() throws {
        let database = try open()
        try database.write(Self.changes)
        try database.checkpoint()
        try database.queue.inDatabase { db in
            let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
            try db.execute(sql: "PRAGMA max_page_count = \(pages)")
        }
        let message = StoredMessage(
            side: Side("a")!,
            phase: Phase("p")!,
            body: WireString(String(repeating: "0", count: 100_000)),
            id: .null,
            received: Timestamp(microseconds: 1)
        )
        let error = #expect(throws: ChannelDatabaseError.self) {
            try database.write([.messageAdded(Self.app, Self.mailbox, message)])
        }
        #expect(error?.kind == .full)
        #expect(try database.load().mailboxes.values.first?.messages.count == 2)
    }
}
