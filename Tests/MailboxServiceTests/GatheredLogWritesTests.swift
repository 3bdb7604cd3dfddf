import Foundation
import GRDB
import GRDBSQLite
import MailboxRules
import TestSupport
import Testing
import WormholeWire

@testable import MailboxService

/// The counts of writes are in the thresholds of what a message costs; here it is that nothing else shows.
@Suite("Writes to the log that are gathered")
struct GatheredLogWritesTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.path + "/relay.sqlite"
    }

    private static let app = AppID("app")!

    /// A mailbox with messages of these sizes.
    private static func changes(_ name: String, sizes: [Int]) throws -> [Change] {
        let mailbox = try #require(MailboxID(name))
        return try [.mailboxCreated(app, mailbox, isForNameplate: false, updated: Timestamp(seconds: 1))]
            + sizes.enumerated().map { number, size in
                .messageAdded(
                    app,
                    mailbox,
                    StoredMessage(
                        side: try #require(Side("s")),
                        phase: try #require(Phase("\(number)")),
                        body: WireString(String(repeating: "x", count: size)),
                        id: .null,
                        received: Timestamp(seconds: 1)
                    )
                )
            }
    }

    private static func messages(_ database: ChannelDatabase) throws -> Int {
        try database.load().mailboxes.values.reduce(0) { $0 + $1.messages.count }
    }

    @Test("every commit is seen by other connections at once, small ones and ones beyond what is gathered")
    func visible() throws {
        let database = try ChannelDatabase(path: path, synchronization: .full)
        let reader = try DatabaseQueue(path: path)
        var expected = 0
        for (number, sizes) in [[10], [100_000], [], [3_000_000, 5], [Int](repeating: 700, count: 300)].enumerated() {
            try database.write(try Self.changes("m\(number)", sizes: sizes))
            expected += sizes.count
            let found = try reader.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM messages") }
            #expect(found == expected)
            #expect(try reader.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") } == "ok")
        }
        try database.checkpoint()
        try database.write(try Self.changes("last", sizes: [1]))
        #expect(try reader.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM messages") } == expected + 1)
        try reader.close()
        try database.close()
        #expect(!FileManager.default.fileExists(atPath: path + "-wal"))
        let again = try ChannelDatabase(path: path, synchronization: .full)
        #expect(try Self.messages(again) == expected + 1)
        try again.close()
    }

    @Test("a transaction that is given up leaves nothing behind")
    func givenUp() throws {
        let database = try ChannelDatabase(path: path, synchronization: .full)
        try database.write(try Self.changes("m", sizes: [10]))
        // The same mailbox twice is against its key; what was written before in the same transaction must go, too.
        let bad = try Self.changes("n", sizes: [2_000_000]) + Self.changes("m", sizes: [])
        #expect(throws: ChannelDatabaseError.self) { try database.write(bad) }
        try database.write(try Self.changes("o", sizes: [20]))
        #expect(try Self.messages(database) == 2)
        try database.close()
    }

    @Test("several databases at once do not get into each other's way")
    func several() throws {
        let databases = try (0..<3).map { try ChannelDatabase(path: "\(path)-\($0)", synchronization: .full) }
        for round in 0..<20 {
            for database in databases { try database.write(try Self.changes("m\(round)", sizes: [round])) }
        }
        for database in databases {
            #expect(try Self.messages(database) == 20)
            try database.close()
        }
    }

    /// What may happen to a database, by this server and by other programs that have it open at the same time.
    private enum Event: CaseIterable {
        case write, giveUp, checkpoint, forgetPages
        case otherWrites, otherGivesUp, otherCheckpoints, otherBeginsAgain, otherTruncates
    }

    /// Another program with the same file.
    private static func open(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    private static func mailboxes(_ db: Database) throws -> Set<String> {
        #expect(try String.fetchOne(db, sql: "PRAGMA integrity_check") == "ok")
        return try String.fetchSet(db, sql: "SELECT id FROM mailboxes")
    }

    /// The mailboxes a machine that went down now would find: the index is gone with it, and made again from the log.
    private func recovered(_ name: String) throws -> Set<String> {
        let copy = "\(folder.path)/\(name)"
        for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: path + suffix) {
            try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix)
        }
        let found = try Self.open(copy)
        defer { try? found.close() }
        return try found.read { try Self.mailboxes($0) }
    }

    @Test("whatever other programs do with the file, everything committed is there, also in a copy", arguments: 0..<12)
    func others(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let database = try ChannelDatabase(path: path, synchronization: .full)
        let other = try Self.open(path)
        var expected: Set<String> = []
        for number in 0..<150 {
            let name = "m\(number)"
            // Mostly of the same size, so that one program's changes end where the other's would have.
            let size = Bool.random(using: &random) ? 300 : Int.random(in: 0...60_000, using: &random)
            let event = try #require(Event.allCases.randomElement(using: &random))
            switch event {
            case .write:
                try database.write(try Self.changes(name, sizes: [size]))
                expected.insert(name)
            case .giveUp:
                // As much as SQLite does not keep until the commit.
                let bad = try Self.changes(name, sizes: [size, 3_000_000]) + Self.changes(name, sizes: [])
                #expect(throws: ChannelDatabaseError.self) { try database.write(bad) }
            case .checkpoint: try database.checkpoint()
            // What is read next comes from the log.
            case .forgetPages: try database.use { try $0.execute(sql: "PRAGMA shrink_memory") }
            case .otherWrites, .otherGivesUp:
                try other.inTransaction(.immediate) { db in
                    try db.execute(
                        sql: """
                            INSERT INTO mailboxes (app_id, id, updated, for_nameplate) VALUES ('app', ?, 1, 0);
                            INSERT INTO messages (app_id, mailbox_id, side, phase, body, server_rx, msg_id)
                            VALUES ('app', ?, 's', '0', ?, 1, NULL)
                            """,
                        arguments: [name, name, String(repeating: "y", count: size)]
                    )
                    return event == .otherWrites ? .commit : .rollback
                }
                if event == .otherWrites { expected.insert(name) }
            case .otherCheckpoints: _ = try other.inDatabase { try $0.checkpoint(.passive) }
            case .otherBeginsAgain: _ = try other.inDatabase { try $0.checkpoint(.restart) }
            case .otherTruncates: _ = try other.inDatabase { try $0.checkpoint(.truncate) }
            }
            // Not always: a look is something that happens, too.
            if Bool.random(using: &random) { #expect(try database.use { try Self.mailboxes($0) } == expected) }
            #expect(try other.read { try Self.mailboxes($0) } == expected)
            guard number % 10 == 9 else { continue }
            #expect(try recovered("copy-\(number)") == expected)
        }
        try other.close()
        try database.close()
    }

    @Test("a log that another program has begun again, up to where this server's own ended, is not taken for that")
    func coincidence() throws {
        let database = try ChannelDatabase(path: path, synchronization: .full)
        var pages = 0
        for number in 0..<7 { pages = try database.write(try Self.changes("m\(number)", sizes: [300])) }
        let other = try Self.open(path)
        let newPages = UnsafeMutablePointer<CInt>.allocate(capacity: 1)
        defer { newPages.deallocate() }
        try other.inDatabase { db in
            sqlite3_wal_hook(
                db.sqliteConnection,
                { newPages, _, _, pages in
                    newPages?.assumingMemoryBound(to: CInt.self).pointee = pages
                    return SQLITE_OK
                },
                newPages
            )
            _ = try db.checkpoint(.restart)
            try db.execute(sql: "INSERT INTO mailboxes (app_id, id, updated, for_nameplate) VALUES ('app', 'o', 1, 0)")
            while newPages.pointee < pages {
                try db.execute(sql: "UPDATE mailboxes SET updated = updated + 1 WHERE id = 'o'")
            }
        }
        try #require(newPages.pointee == pages)
        try database.write(try Self.changes("last", sizes: [300]))
        #expect(try recovered("copy") == Set((0..<7).map { "m\($0)" } + ["o", "last"]))
        try other.close()
        try database.close()
    }

    @Test("a log that another program's reader keeps from beginning again grows beyond what is remembered of it")
    func long() throws {
        let database = try ChannelDatabase(path: path, synchronization: .full)
        try database.write(try Self.changes("first", sizes: [1]))
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let reader = try DatabaseQueue(path: path, configuration: configuration)
        try reader.inDatabase { db in
            try db.execute(sql: "BEGIN")
            _ = try Self.mailboxes(db)
        }
        for number in 0..<100 {
            try database.write(try Self.changes("m\(number)", sizes: [Int](repeating: 700, count: 100)))
            if number % 10 == 0 { try database.checkpoint() }
        }
        #expect(try database.write([]) > 8_000)
        #expect(try reader.inDatabase { try Self.mailboxes($0) } == ["first"])
        try reader.inDatabase { try $0.execute(sql: "COMMIT") }
        #expect(try reader.inDatabase { try Self.mailboxes($0).count } == 101)
        #expect(try Self.messages(database) == 10_001)
        try reader.close()
        try database.close()
    }
}
