import Foundation
import GRDB
import MailboxRules
import TestSupport
import Testing
import WormholeWire

@testable import MailboxService

/// What other programs do to the file, or leave beside it.
@Suite("A channel database that others use, too")
struct OtherProgramsTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.path + "/relay.sqlite"
    }

    /// Runs SQL as another program.
    private func execute(_ sql: String) throws { try ForeignAccess(path: path).execute(sql) }

    private static let app = AppID("app")!
    private static let time = Timestamp(seconds: 1)
    private static let side = Side("s")!

    private static func mailbox(_ number: Int64) -> MailboxID { MailboxID("m\(number)")! }
    private static func nameplate(_ number: Int64) -> Nameplate { Nameplate(Int(number)) }

    /// A mailbox, its nameplate, and one side of each, all with rows of this number.
    private static func created(_ number: Int64) -> [Change] {
        [
            .mailboxCreated(app, mailbox(number), isForNameplate: true, updated: time),
            .mailboxSideAdded(row: number, mailbox(number), side, added: time),
            .nameplateCreated(row: number, app, nameplate(number), mailbox(number)),
            .nameplateSideAdded(row: number, nameplateRow: number, side, added: time),
        ]
    }

    private static func deleted(_ number: Int64) -> [Change] {
        [
            .nameplateDeleted(row: number, sideRows: [number]),
            .mailboxDeleted(app, mailbox(number), sideRows: [number]),
        ]
    }

    private func expectKeysHold(_ database: ChannelDatabase) throws {
        try database.queue.inDatabase { db in
            #expect(try Row.fetchOne(db, sql: "PRAGMA foreign_key_check") == nil)
            #expect(try String.fetchOne(db, sql: "PRAGMA integrity_check") == "ok")
            let sides = try Int.fetchOne(db, sql: "SELECT count(*) FROM mailbox_sides")
            #expect(try sides == Int.fetchOne(db, sql: "SELECT count(*) FROM mailboxes"))
            let claims = try Int.fetchOne(db, sql: "SELECT count(*) FROM nameplate_sides")
            #expect(try claims == Int.fetchOne(db, sql: "SELECT count(*) FROM nameplates"))
        }
    }

    @Test("a VACUUM of another program gives rows other numbers, and changes still find those that are meant")
    func vacuum() throws {
        let database = try ChannelDatabase(path: path, synchronization: .full)
        try database.write((1...6).flatMap(Self.created) + Self.deleted(1))
        try execute("VACUUM")
        try database.write(
            [
                .mailboxSideClosed(row: 3, Self.mailbox(3), Self.side, mood: "happy"),
                .nameplateSideReleased(row: 3, nameplateRow: 3, Self.side),
            ] + Self.deleted(2) + Self.created(7)
        )
        let stored = try database.load()
        #expect(Set(stored.mailboxes.keys) == Set((3...7).map(Self.mailbox)))
        for (mailbox, entry) in stored.mailboxes {
            #expect(entry.sides.map(\.isOpen) == [mailbox != Self.mailbox(3)], "\(mailbox)")
        }
        let nameplates = try #require(stored.nameplates[Self.app])
        #expect(Set(nameplates.keys) == Set((3...7).map(Self.nameplate)))
        for (nameplate, entry) in nameplates {
            #expect(entry.sides.map(\.isClaimed) == [nameplate != Self.nameplate(3)], "\(nameplate)")
        }
        try expectKeysHold(database)
        try database.write((3...7).flatMap(Self.deleted))
        #expect(try database.load().mailboxes.isEmpty)
        try expectKeysHold(database)
        try database.close()
    }

    @Test("a file that is made smaller at the start is known by the numbers its rows have then")
    func shrunk() throws {
        let first = try ChannelDatabase(path: path, synchronization: .full)
        try first.write((1...6).flatMap(Self.created) + Self.deleted(1) + Self.deleted(3))
        try first.close()
        try execute(
            """
            PRAGMA auto_vacuum = NONE; VACUUM; UPDATE mailbox_sides SET rowid = rowid * 10;
            INSERT INTO messages (app_id, mailbox_id, body) VALUES ('a', 'm', zeroblob(4000000));
            DELETE FROM messages;
            """
        )
        let (database, stored) = try ChannelReading(of: path).open(.full)
        #expect(stored.mailboxes.count == 4)
        #expect(try stored == database.load())
        try database.close()
    }

    @Test("what another program has committed without a flush is on the disk when a commit behind it is acknowledged")
    func unflushed() async throws {
        let database = try ChannelDatabase(path: path, synchronization: .full)
        try database.write(Self.created(1))
        try database.write(Self.created(2))
        let other = try DatabaseQueue(path: path)
        try await other.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA synchronous = NORMAL")
            for number in 0..<30 {
                try db.execute(
                    sql: "INSERT INTO messages (app_id, mailbox_id, body) VALUES ('a', '\(number)', zeroblob(900))"
                )
            }
        }
        #expect(try await UnwrittenPages.count(of: path + "-wal") > 0)
        try database.write(Self.created(3))
        #expect(try await UnwrittenPages.count(of: path + "-wal") == 0)
        try other.close()
        try database.close()
    }

    @Test("what a killed process left in the page cache is on the disk before anybody is told of it")
    func unflushedAtStart() async throws {
        let killed = try ChannelDatabase(path: path, synchronization: .normal)
        try killed.write(Self.created(1))
        // The files as they are, under another name, with nothing of them flushed.
        let copy = folder.path + "/copy.sqlite"
        for suffix in ["", "-wal"] { try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix) }
        #expect(try await UnwrittenPages.count(of: copy + "-wal") > 0)
        let (database, stored) = try ChannelReading(of: copy).open(.full)
        #expect(stored.mailboxes.count == 1)
        #expect(try await UnwrittenPages.count(of: copy + "-wal") == 0)
        try database.close()
        try killed.close()
    }

    @Test(
        "what belongs to a file that was moved away is not applied to a new one",
        arguments: ["-wal", "-journal"],
        [false, true]
    )
    func leftBehind(suffix: String, isEmptyFile: Bool) throws {
        let old = try ChannelDatabase(path: path, synchronization: .full)
        try old.write(Self.created(1))
        let moved = folder.path + "/new.sqlite"
        try FileManager.default.copyItem(atPath: path + "-wal", toPath: moved + suffix)
        if isEmptyFile { try Data().write(to: URL(filePath: moved)) }
        let left = try Data(contentsOf: URL(filePath: moved + suffix))
        let error = #expect(throws: ChannelDatabaseError.self) { try ChannelReading(of: moved).open(.full) }
        #expect(error?.description.contains("\(moved)\(suffix)") == true, "\(String(describing: error))")
        #expect(try Data(contentsOf: URL(filePath: moved + suffix)) == left)
        #expect(FileManager.default.fileExists(atPath: moved) == isEmptyFile)
        // Moved away as well, it is in nobody's way.
        try FileManager.default.removeItem(atPath: moved + suffix)
        let (database, stored) = try ChannelReading(of: moved).open(.full)
        #expect(stored.mailboxes.isEmpty)
        try database.close()
        try old.close()
    }
}
