import Foundation
import GRDB
import MailboxRules
import Observations
import TestSupport
import Testing
import WormholeWire

@testable import MailboxService

@Suite("Reading a channel database at the start")
struct ChannelReadingTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.path + "/relay.sqlite"
    }

    /// Runs SQL as another program.
    private func execute(_ sql: String) throws { try ForeignAccess(path: path).execute(sql) }

    private func makeFile() throws {
        try ChannelDatabase(path: path, synchronization: .full).close()
        try execute(
            """
            INSERT INTO mailboxes (app_id, id, updated, for_nameplate)
                VALUES ('a', 'one', 1, 1), ('b', 'two', 2, 1), ('a', 'three', 3, 0);
            INSERT INTO mailbox_sides (mailbox_id, opened, side, added)
                VALUES ('one', 1, 'x', 1), ('two', 1, 'y', 2), ('one', 1, 'z', 3), ('three', 1, 'x', 3);
            INSERT INTO nameplates (id, app_id, name, mailbox_id) VALUES (3, 'a', '7', 'one'), (5, 'b', '7', 'two');
            INSERT INTO nameplate_sides (nameplates_id, claimed, side, added)
                VALUES (3, 1, 'x', 1), (5, 1, 'y', 2), (3, 1, 'z', 3);
            INSERT INTO messages (app_id, mailbox_id, side, phase, body, server_rx, msg_id)
                VALUES ('a', 'one', 'x', 'pake', '00', 4, 'i'), ('b', 'two', 'y', '0', '01', 5, NULL);
            """
        )
    }

    private var bytes: Data { get throws { try Data(contentsOf: URL(fileURLWithPath: path)) } }

    @Test("two connections read what one reads, and mailboxes know their nameplates")
    func agreement() throws {
        try makeFile()
        let (database, stored) = try ChannelReading(of: path).open(.full)
        #expect(try stored == database.load())
        #expect(stored.mailboxes.count == 3 && stored.nameplates.count == 2)
        #expect(stored.lastRows.nameplate == 5 && stored.lastRows.nameplateSide == 3)
        #expect(stored.lastRows.mailboxSide == 4)
        #expect(stored.mailboxes[MailboxID("one")!]?.sides.map(\.side.text) == ["x", "z"])
        #expect(stored.mailboxes[MailboxID("one")!]?.nameplates == [Nameplate(7)])
        #expect(stored.mailboxes[MailboxID("three")!]?.nameplates == [])
        #expect(stored.nameplates[AppID("a")!]?[Nameplate(7)]?.sides.map(\.side.text) == ["x", "z"])
    }

    @Test("what a crash left in the log is read")
    func log() throws {
        try makeFile()
        let crashed = try ChannelDatabase(path: path, synchronization: .full)
        try crashed.write([
            .mailboxCreated(AppID("c")!, MailboxID("late")!, isForNameplate: false, updated: Timestamp(seconds: 9))
        ])
        // As it lies there while the process still runs: its own file has not got the commit yet.
        let copy = folder.path + "/copy.sqlite"
        for suffix in ["", "-wal"] { try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix) }
        let stored = try ChannelReading(of: copy).open(.full).stored
        #expect(stored.mailboxes.count == 4 && stored.nameplates.count == 2)
    }

    @Test("sides and messages come in the order of their times, and those of one time as they were written")
    func order() throws {
        try makeFile()
        try execute(
            """
            INSERT INTO mailbox_sides (mailbox_id, opened, side, added)
                VALUES ('three', 1, 'late', 9), ('three', 1, 'early', 2), ('three', 1, 'middle', 3);
            INSERT INTO nameplate_sides (nameplates_id, claimed, side, added)
                VALUES (5, 1, 'late', 9), (5, 1, 'first', 0), (5, 1, 'middle', 2);
            INSERT INTO messages (app_id, mailbox_id, side, phase, body, server_rx)
                VALUES ('a', 'three', 'x', '3', '', 9), ('a', 'three', 'x', '1', '', 7), ('a', 'three', 'x', '2', '', 7),
                    ('a', 'three', 'x', '0', '', 6), ('a', 'three', 'x', '4', '', 9);
            """
        )
        let stored = try ChannelReading(of: path).open(.full).stored
        let mailbox = try #require(stored.mailboxes[MailboxID("three")!])
        #expect(mailbox.sides.map(\.side.text) == ["early", "x", "middle", "late"])
        #expect(mailbox.messages.map(\.phase.text) == ["0", "1", "2", "3", "4"])
        let nameplate = try #require(stored.nameplates[AppID("b")!]?[Nameplate(7)])
        #expect(nameplate.sides.map(\.side.text) == ["first", "y", "middle", "late"])
    }

    @Test("until it is opened nothing is changed, and no file is made")
    func reading() throws {
        #expect(try ChannelReading.read(path) == nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
        try makeFile()
        try execute("INSERT INTO messages (app_id, mailbox_id, body) VALUES ('a', 'gone', '00')")
        let before = try bytes
        var file = try ChannelReading.read(path)
        #expect(file?.contents.stored.mailboxes.count == 3)
        #expect(try bytes == before)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["relay.sqlite"])
        file = nil
        let database = try ChannelReading(of: path).open(.full).database
        try database.queue.inDatabase { db throws in
            #expect(try Int.fetchOne(db, sql: "SELECT count(*) FROM messages") == 2)
        }
    }

    @Test("names that are no nameplates, and applications that have nothing else, are cleared away")
    func leftovers() throws {
        try makeFile()
        try execute(
            """
            INSERT INTO mailboxes (app_id, id, updated) VALUES ('odd', 'odd', 5);
            INSERT INTO nameplates (id, app_id, name, mailbox_id) VALUES (9, 'odd', '1x', 'odd');
            INSERT INTO nameplate_sides (nameplates_id, claimed, side, added) VALUES (9, 1, 's', 5);
            """
        )
        let (database, stored) = try ChannelReading(of: path).open(.full)
        #expect(stored.nameplates.keys.sorted { $0.text < $1.text }.map(\.text) == ["a", "b"])
        try database.queue.inDatabase { db throws in
            #expect(try Int.fetchOne(db, sql: "SELECT count(*) FROM nameplates") == 2)
            #expect(try Int.fetchOne(db, sql: "SELECT count(*) FROM nameplate_sides") == 3)
        }
    }

    @Test(
        "rows of any table that refer to nothing are refused, and the file stays as it is",
        arguments: [
            "INSERT INTO mailbox_sides (mailbox_id) VALUES ('gone')",
            "INSERT INTO nameplate_sides (nameplates_id) VALUES (99)",
            "INSERT INTO nameplates (app_id, name, mailbox_id) VALUES ('a', '8', 'gone')",
            "CREATE TABLE more (mailbox REFERENCES mailboxes(id)); INSERT INTO more VALUES ('gone')",
        ]
    )
    func brokenKeys(damage: String) throws {
        try makeFile()
        try execute(damage)
        let before = try bytes
        let error = #expect(throws: ChannelDatabaseError.self) { try ChannelReading(of: path).open(.full) }
        #expect(error?.description.hasPrefix("cannot open the channel database \(path): rows refer") == true)
        #expect(try bytes == before)
    }

    @Test(
        "what is missing in the file is told of as what keeps it from being opened, after broken keys",
        arguments: [
            ("DROP TABLE messages", "no such table: messages"),
            ("DROP TABLE nameplate_sides", "no such table: nameplate_sides"),
            ("ALTER TABLE messages RENAME COLUMN body TO text", "table messages has no column named body"),
            ("DROP TABLE messages; DELETE FROM mailboxes", "rows refer to rows that are gone"),
        ]
    )
    func missingParts(damage: String, words: String) throws {
        try makeFile()
        try execute(damage)
        let before = try bytes
        let error = #expect(throws: ChannelDatabaseError.self) { try ChannelReading(of: path).open(.full) }
        #expect(error?.description.hasPrefix("cannot open the channel database \(path): \(words)") == true)
        #expect(try bytes == before)
    }

    @Test("a page that is damaged is told of, wherever it is", arguments: ["messages", "nameplates", "mailbox_sides"])
    func damagedPage(table: String) throws {
        try makeFile()
        let (page, size) = try DatabaseQueue(path: path).read { db in
            (
                try Int.fetchOne(db, sql: "SELECT rootpage FROM sqlite_master WHERE name = ?", arguments: [table]) ?? 0,
                try Int.fetchOne(db, sql: "PRAGMA page_size") ?? 0
            )
        }
        var damaged = try bytes
        damaged.replaceSubrange((page - 1) * size..<page * size, with: Data(repeating: 0xAA, count: size))
        try damaged.write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: ChannelDatabaseError.self) { try ChannelReading(of: path).open(.full) }
        #expect(error?.kind == .corrupt)
        #expect(error?.description.contains("it is damaged") == true, "\(error?.description ?? "")")
    }
}
