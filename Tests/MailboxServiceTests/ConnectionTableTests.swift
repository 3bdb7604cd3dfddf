import Foundation
import GRDB
import MailboxRules
import Observations
import TestSupport
import Testing
import WormholeWire

@testable import MailboxService

@Suite("Who is connected", .timeLimit(.minutes(1)))
struct ConnectionTableTests {
    /// Makes a file of version 2, as the original's development branch does.
    private static func makeVersionTwo(_ path: String, withEnds: Bool = false) throws {
        try ChannelDatabase(path: path, synchronization: .normal).close()
        try DatabaseQueue(path: path).write { db in
            try db.execute(
                sql: """
                    CREATE TABLE addrid_generation (generation INTEGER, started INTEGER\(withEnds ? ", ends INTEGER" : ""));
                    CREATE TABLE connections (id INTEGER PRIMARY KEY AUTOINCREMENT, addrid_generation INTEGER,
                        addrid_counter INTEGER, connected INTEGER, side VARCHAR, implementation VARCHAR, version VARCHAR,
                        active INTEGER);
                    CREATE TABLE connection_messages (id REFERENCES connections(id), "when" INTEGER, name VARCHAR);
                    UPDATE version SET version = 2;
                    INSERT INTO connections (side) VALUES ('stale');
                    INSERT INTO connection_messages (id, name) VALUES (1, 'bind');
                    INSERT INTO addrid_generation (generation, started) VALUES (41, 5);
                    """
            )
        }
    }

    @Test("a snapshot tells state, program and commands of every connection, and no address")
    func snapshots() async throws {
        try await MailboxServerHarness.run({ $0.addressDatabasePath = ":memory:" }) { harness in
            let silent = try await harness.visit().visitor
            let visitor = try await harness.visit(headers: ["X-Real-IP: 192.0.2.7", "X-Real-Port: 5"]).visitor
            let bind = #"{"type":"bind","appid":"a","side":"s","client_version":["python","0.24.0"]}"#
            try await visitor.tell(bind)
            for _ in 0..<3 { try await visitor.expectSilence() }
            try await visitor.open("m")
            try await silent.expectSilence()
            let snapshots = try await harness.server.connections()
            try #require(snapshots.count == 2)
            #expect(snapshots.map(\.state) == [.unbound, .listening])
            #expect(snapshots[1].client?.implementation == "python" && snapshots[1].client?.version == "0.24.0")
            #expect(snapshots[1].commands == [.bind: 1, .ping: 3, .open: 1])
            #expect(snapshots.map { $0.addressID?.description } == ["addr-1-1", "addr-1-2"])
            #expect(snapshots[1].active >= snapshots[1].connected)
            await silent.vanish()
            try await eventually(
                "who is gone is left out",
                isTrue: { try await harness.server.connections().count == 1 }
            )
        }
    }

    @Test("D24: a database of version 2 tells who is connected, and is emptied at the start", arguments: [false, true])
    func tables(withEnds: Bool) async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/relay.sqlite"
        let view = ForeignAccess(path: path)
        try Self.makeVersionTwo(path, withEnds: withEnds)
        let harness = try await MailboxServerHarness(database: path) { $0.addressDatabasePath = ":memory:" }
        let visitor = try await harness.visit().visitor
        let gone = try await harness.visitor("gone")
        try await visitor.tell(#"{"type":"bind","appid":"a","side":"s","client_version":["python","0.24.0"]}"#)
        await gone.vanish()
        try await eventually("the connection is written") {
            try view.rows("SELECT * FROM connections WHERE side = 's'").count == 1
        }
        let rows = try view.rows("SELECT * FROM connections")
        #expect(rows.count == 1)
        #expect(rows[0]["implementation"] == "python" && rows[0]["version"] == "0.24.0")
        // The file told of 41 generations.
        #expect(rows[0]["addrid_generation"] == 42 && rows[0]["addrid_counter"] == 1)
        let messages = try view.rows("SELECT name FROM connection_messages ORDER BY \"when\"")
        #expect(messages.map { $0["name"] as String } == ["bind"])
        let generation = try view.rows("SELECT generation, started FROM addrid_generation")
        #expect(generation.count == 1 && generation[0]["generation"] == 42)
        let started: Double = generation[0]["started"]
        #expect(abs(started - Date().timeIntervalSince1970) < 60)
        try await eventually("it is moved out of the log, though no mailbox has changed") {
            let copy = "\(folder.path)/\(UUID().uuidString)"
            try FileManager.default.copyItem(atPath: path, toPath: copy)
            return try ForeignAccess(path: copy).rows("SELECT * FROM connections WHERE side = 's'").count == 1
        }
        await visitor.vanish()
        try await eventually("its end is written") { try view.rows("SELECT * FROM connections").isEmpty }
        #expect(try view.rows("SELECT * FROM connection_messages").isEmpty)
        await harness.server.stop()
        #expect(try view.rows("SELECT version FROM version")[0]["version"] == 2)
    }

    @Test("D24: what could not be written is made up for: the tables are begun again with those who are there")
    func beginningAgain() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/relay.sqlite"
        let view = ForeignAccess(path: path)
        try Self.makeVersionTwo(path)
        let database = try ChannelDatabase(path: path, synchronization: .full)
        let ids = (1...3).map { ConnectionID($0) }
        func row(_ id: ConnectionID) -> ConnectionRow? {
            let time = Timestamp(seconds: 1)
            return ConnectionRow(id: id.number, addressID: nil, connected: time, active: time, side: "s", client: nil)
        }
        var journal = ConnectionJournal()
        for id in ids {
            journal.opened(id)
            journal.noted(.bind, of: id, at: Timestamp(seconds: 1))
        }
        let first = journal.take(row)
        try database.write(try #require(first))
        #expect(try view.rows("SELECT id FROM connections").count == 3)
        journal.closed(ids[1])
        _ = journal.take(row)
        journal.beginAgain(with: [ids[0], ids[2]])
        let second = journal.take(row)
        try database.write(try #require(second))
        let found = try view.rows("SELECT id FROM connections ORDER BY id").map { $0["id"] as Int }
        #expect(found == [1, 3])
        #expect(try view.rows("SELECT * FROM connection_messages").isEmpty)
        let third = journal.take(row)
        #expect(third == nil)
        try database.close()
    }

    @Test("a database of version 1 gets no tables")
    func versionOne() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/relay.sqlite"
        let view = ForeignAccess(path: path)
        let harness = try await MailboxServerHarness(database: path) { $0.addressDatabasePath = folder.path + "/a" }
        try await harness.visitor("s").expectSilence()
        await harness.server.stop()
        #expect(try view.rows("SELECT name FROM sqlite_master WHERE name LIKE '%connection%'").isEmpty)
        #expect(try view.rows("SELECT name FROM sqlite_master WHERE name LIKE 'addr%'").isEmpty)
    }

    @Test("D24: ids of addresses are written beside, and every start forgets them and begins a new generation")
    func addressDatabase() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/addresses.sqlite"
        let view = ForeignAccess(path: path)
        for start in 1...3 {
            let harness = try await MailboxServerHarness { $0.addressDatabasePath = path }
            for address in ["192.0.2.7", "2001:db8::7", "192.0.2.7"] {
                _ = try await harness.visit(headers: ["X-Real-IP: \(address)", "X-Real-Port: 5"])
            }
            try await eventually("they are written") { try view.rows("SELECT * FROM address_ids").count == 2 }
            let rows = try view.rows("SELECT * FROM address_ids ORDER BY counter")
            #expect(rows.map { $0["generation"] as Int } == [start, start])
            #expect(rows.map { $0["counter"] as Int } == [1, 2])
            #expect(rows.map { $0["type"] as String } == ["ipv4", "ipv6"])
            #expect(rows.map { $0["address"] as String } == ["192.0.2.7", "2001:db8::7"])
            await harness.server.stop()
        }
        #expect(try view.rows("SELECT version FROM version")[0]["version"] == 1)
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect((attributes[.posixPermissions] as? Int) == 0o600)
    }

    @Test(
        "a generation that is over begins anew with the job that removes what has expired, and its addresses are forgotten"
    )
    func rotation() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/addresses.sqlite"
        let configure = { (configuration: inout MailboxConfiguration) in
            configuration.addressDatabasePath = path
            configuration.addressGenerationDuration = .milliseconds(300)
            configuration.expiryInterval = .milliseconds(100)
        }
        try await MailboxServerHarness.run(configure) { harness in
            _ = try await harness.visit()
            try await eventually("the address is forgotten") {
                let visitor = try await harness.visit()
                let connections = try await harness.server.connections()
                return withExtendedLifetime(visitor) { connections.contains { ($0.addressID?.generation ?? 0) > 1 } }
            }
            try await harness.observed("the rotation") {
                if case .maintenanceFinished(.addressRotation, true, _) = $0 { true } else { false }
            }
        }
    }

    @Test("what is no database of address ids is refused in one line")
    func refusal() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/other.sqlite"
        let view = ForeignAccess(path: path)
        try await DatabaseQueue(path: path).write { try $0.execute(sql: "CREATE TABLE other (a)") }
        await #expect(throws: (any Error).self) {
            _ = try await MailboxServerHarness { $0.addressDatabasePath = path }
        }
        #expect(try view.rows("SELECT name FROM sqlite_master").count == 1)
    }
}
