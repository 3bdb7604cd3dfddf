import Foundation
import GRDB
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
}
