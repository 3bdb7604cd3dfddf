import Foundation
import TestSupport
import Testing

@testable import Telemetry

@Suite("The file of the usage database")
struct UsageDatabaseFileTests {
    private let folder: TemporaryFolder
    private let path: String
    private let view: ForeignView

    init() throws {
        folder = try TemporaryFolder()
        path = folder.path + "/usage.sqlite"
        view = ForeignView(path: path)
    }

    private func open(
        _ schema: TelemetryConfiguration.UsageSchema = .mailboxSuperset,
        at path: String? = nil
    ) throws(TelemetryError) {
        _ = try UsageDatabaseFile(path: path ?? self.path, schema: schema, waitsForLock: { _ in false }).open()
    }

    private var files: [String] { (try? FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()) ?? [] }
    private func contents(_ name: String = "usage.sqlite") -> Data? {
        FileManager.default.contents(atPath: folder.path + "/" + name)
    }

    // The original servers' tables, as they lay them out.
    static let mailboxVersion1 = """
        CREATE TABLE `version` (`version` INTEGER); INSERT INTO version VALUES (1);
        CREATE TABLE `current` (`rebooted` INTEGER, `updated` INTEGER, `blur_time` INTEGER, `connections_websocket` INTEGER);
        CREATE TABLE `nameplates` (`app_id` VARCHAR, `started` INTEGER, `waiting_time` INTEGER, `total_time` INTEGER, `result` VARCHAR);
        CREATE INDEX `nameplates_idx` ON `nameplates` (`app_id`, `started`);
        CREATE TABLE `mailboxes` (`app_id` VARCHAR, `for_nameplate` BOOLEAN, `started` INTEGER, `total_time` INTEGER, `waiting_time` INTEGER, `result` VARCHAR);
        CREATE INDEX `mailboxes_idx` ON `mailboxes` (`app_id`, `started`);
        CREATE INDEX `mailboxes_result_idx` ON `mailboxes` (`result`);
        INSERT INTO current VALUES (1.5, 2.5, NULL, 7);
        INSERT INTO nameplates VALUES ('app', 10.25, 1, 2, 'happy'), ('app', 11, NULL, 3, 'lonely');
        INSERT INTO mailboxes VALUES ('app', 1, 10.25, 2, 1, 'happy');
        """
    static let mailboxVersion2 =
        mailboxVersion1 + """
            CREATE TABLE `client_versions` (`app_id` VARCHAR, `side` VARCHAR, `connect_time` INTEGER, `implementation` VARCHAR, `version` VARCHAR);
            CREATE INDEX `client_versions_time_idx` on `client_versions` (`connect_time`);
            CREATE INDEX `client_versions_appid_time_idx` on `client_versions` (`app_id`, `connect_time`);
            INSERT INTO client_versions VALUES ('app', 'side', 10, 'python', '0.12.0');
            UPDATE version SET version = 2;
            """
    static let relayVersion1 = """
        CREATE TABLE `version` (`version` INTEGER); INSERT INTO version VALUES (1);
        CREATE TABLE `current` (`rebooted` INTEGER, `updated` INTEGER, `connected` INTEGER, `waiting` INTEGER, `incomplete_bytes` INTEGER);
        CREATE TABLE `usage` (`started` INTEGER, `total_time` INTEGER, `waiting_time` INTEGER, `total_bytes` INTEGER, `result` VARCHAR);
        CREATE INDEX `usage_started_index` ON `usage` (`started`);
        CREATE INDEX `usage_result_index` ON `usage` (`result`);
        INSERT INTO current VALUES (1, 2, 4, 5, 6);
        INSERT INTO usage VALUES (10.25, 3.5, NULL, 0, 'lonely'), (11, 3, 1, 4096, 'happy');
        """
    static let channel = """
        CREATE TABLE version (version INTEGER); INSERT INTO version VALUES (1);
        CREATE TABLE nameplates (id INTEGER PRIMARY KEY, app_id VARCHAR, name VARCHAR, mailbox_id VARCHAR, request_id VARCHAR);
        CREATE TABLE mailboxes (app_id VARCHAR, id VARCHAR PRIMARY KEY, updated INTEGER, for_nameplate BOOLEAN);
        """

    static let superset = [
        "client_versions:app_id VARCHAR,side VARCHAR,connect_time INTEGER,implementation VARCHAR,version VARCHAR",
        "current:rebooted INTEGER,updated INTEGER,blur_time INTEGER,connections_websocket INTEGER,"
            + "connected INTEGER,waiting INTEGER,incomplete_bytes INTEGER",
        "mailboxes:app_id VARCHAR,for_nameplate BOOLEAN,started INTEGER,total_time INTEGER,waiting_time INTEGER,result VARCHAR",
        "nameplates:app_id VARCHAR,started INTEGER,waiting_time INTEGER,total_time INTEGER,result VARCHAR",
        "usage:started INTEGER,total_time INTEGER,waiting_time INTEGER,total_bytes INTEGER,result VARCHAR",
        "version:version INTEGER",
    ]
    /// Ours, in either kind of file.
    static let own = [
        "blurring:rebooted INTEGER,blur_time INTEGER",
        "counted:name TEXT,value INTEGER", "counters:name TEXT,value INTEGER",
        "days:start INTEGER,name TEXT,value INTEGER", "grdb_migrations:identifier TEXT",
        "hours:start INTEGER,name TEXT,value INTEGER", "imported:digest INTEGER",
    ]
    static let indices = [
        "client_versions_appid_time_idx:app_id,connect_time", "client_versions_time_idx:connect_time",
        "mailboxes_idx:app_id,started", "mailboxes_result_idx:result", "nameplates_idx:app_id,started",
        "usage_result_index:result", "usage_started_index:started",
    ]
    static let rowOfTheOriginal = """
        DELETE FROM current;
        INSERT INTO current (rebooted, updated, blur_time, connections_websocket) VALUES (1, 2, NULL, 3)
        """
    static let tablesQuery = """
        SELECT m.name || ':' || (SELECT group_concat(name || ' ' || type) FROM pragma_table_info(m.name))
        FROM sqlite_master m WHERE m.type = 'table' ORDER BY m.name
        """
    static let indicesQuery = """
        SELECT m.name || ':' || (SELECT group_concat(name) FROM pragma_index_info(m.name))
        FROM sqlite_master m WHERE m.type = 'index' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name
        """

    @Test(
        "a new file has both servers' tables, version 2, a rollback journal, and the umask's mode",
        arguments: [false, true]
    )
    func superset(isEmptyFileThere: Bool) async throws {
        if isEmptyFileThere { try Data().write(to: URL(filePath: path)) }
        try open()
        #expect(files == ["usage.sqlite"])
        #expect(try await view.rows(Self.tablesQuery) == (Self.superset + Self.own).sorted())
        #expect(try await view.rows(Self.indicesQuery) == Self.indices)
        #expect(try await view.rows("SELECT version FROM version") == ["2"])
        #expect(try await view.row("PRAGMA journal_mode") == "delete")
        #expect(try await view.row("PRAGMA user_version") == "0")
        close(Foundation.open(folder.path + "/reference", O_CREAT | O_WRONLY, 0o666))
        let mode = { (name: String) in
            try FileManager.default.attributesOfItem(atPath: folder.path + "/" + name)[.posixPermissions] as? Int
        }
        #expect(try mode("usage.sqlite") == mode("reference"))
    }

    @Test("the relay alone makes the relay's version 1")
    func relay() async throws {
        try open(.transitOnly)
        let expected = [
            "current:rebooted INTEGER,updated INTEGER,connected INTEGER,waiting INTEGER,incomplete_bytes INTEGER",
            Self.superset[4], Self.superset[5],
        ]
        #expect(try await view.rows(Self.tablesQuery) == (expected + Self.own).sorted())
        #expect(try await view.rows(Self.indicesQuery) == Array(Self.indices.suffix(2)))
        #expect(try await view.rows("SELECT version FROM version") == ["1"])
        try open(.transitOnly)
    }

    @Test("a file of our own is opened again as it is")
    func reopened() async throws {
        try open()
        let before = contents()
        try open()
        #expect(contents() == before)
        #expect(files == ["usage.sqlite"])
    }

    @Test(
        "an original server's file is copied, completed in place, and keeps every row",
        arguments: [(mailboxVersion1, 1), (mailboxVersion2, 2), (relayVersion1, 1)]
    )
    func completed(sql: String, version: Int) async throws {
        try await view.execute(sql)
        chmod(path, 0o640)
        let tables = ["current", "nameplates", "mailboxes", "client_versions", "usage"].filter {
            sql.contains("TABLE `\($0)`")
        }
        var before: [[String]] = []
        for table in tables { before.append(try await view.rows("SELECT * FROM `\(table)`")) }
        // A backup of an earlier attempt gives way.
        try Data("old".utf8).write(to: URL(filePath: "\(path)-backup-v\(version)"))
        try open()
        #expect(files == ["usage.sqlite", "usage.sqlite-backup-v\(version)"])
        #expect(try await view.rows("SELECT version FROM version") == ["2"])
        #expect(try await view.rows(Self.indicesQuery) == Self.indices)
        #expect(try await view.rows(Self.tablesQuery) == (Self.superset + Self.own).sorted())
        try await view.execute(Self.rowOfTheOriginal)
        #expect(try await view.rows("SELECT connected, waiting, incomplete_bytes FROM current") == ["0|0|0"])
        let backup = ForeignView(path: "\(path)-backup-v\(version)")
        #expect(try await backup.row("SELECT version FROM version") == "\(version)")
        for (table, rows) in zip(tables, before) {
            #expect(try await backup.rows("SELECT * FROM `\(table)`") == rows)
            if table != "current" { #expect(try await view.rows("SELECT * FROM `\(table)`") == rows) }
        }
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(path)-backup-v\(version)")
        #expect(attributes[.posixPermissions] as? Int == 0o640)
    }

    @Test("the relay alone takes an original relay's file over after a copy, and every row counts")
    func completedByRelay() async throws {
        try await view.execute(Self.relayVersion1)
        let before = try await view.rows(".dump")
        try open(.transitOnly)
        #expect(files == ["usage.sqlite", "usage.sqlite-backup-v1"])
        #expect(try await ForeignView(path: path + "-backup-v1").rows(".dump") == before)
        #expect(try await view.rows("SELECT version FROM version") == ["1"])
        #expect(
            try await view.rows("SELECT name, value FROM counters WHERE value ORDER BY name") == [
                "transit_bytes|4096", "transit_happy|1", "transit_lonely|1", "transit_wait_le_1|1",
            ]
        )
    }

    @Test("the original mailbox server's way of writing its row leaves zeros for the relay's graphs")
    func rowOfTheOriginal() async throws {
        try open()
        try await view.execute(Self.rowOfTheOriginal)
        #expect(try await view.rows("SELECT connected, waiting, incomplete_bytes FROM current") == ["0|0|0"])
    }

    @Test(
        "a file that is not ours to write is refused with one line, and stays as it is",
        arguments: [
            (
                "CREATE TABLE version (version INTEGER); INSERT INTO version VALUES (3);"
                    + mailboxVersion2.replacing(
                        "CREATE TABLE `version` (`version` INTEGER); INSERT INTO version VALUES (1);",
                        with: ""
                    ).replacing("UPDATE version SET version = 2;", with: ""),
                "has version 3, and this program knows versions 1 and 2"
            ),
            (channel, "is not a usage database"), ("CREATE TABLE anything (x)", "is not a usage database"),
            (mailboxVersion1 + "DELETE FROM version;", "is not a usage database"),
            (mailboxVersion1 + "UPDATE version SET version = 'one';", "is not a usage database"),
            (mailboxVersion1 + "UPDATE version SET version = 2;", "says it has version 2, but lacks its tables"),
            (
                mailboxVersion2
                    + "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (a REFERENCES a(id)); INSERT INTO b VALUES (9);",
                "has rows that refer to missing ones"
            ),
        ]
    )
    func refused(sql: String, reason: String) async throws {
        try await view.execute("PRAGMA foreign_keys = OFF;" + sql)
        let before = contents()
        #expect(throws: TelemetryError(.foreignDatabase, "\(path) \(reason)")) { try open() }
        #expect(contents() == before)
        #expect(files == ["usage.sqlite"])
    }

    @Test("the relay alone refuses files of the mailbox server")
    func refusedByRelay() async throws {
        try open()
        #expect(
            throws: TelemetryError(
                .foreignDatabase,
                "\(path) has version 2, and the relay alone writes version 1"
            )
        ) { try open(.transitOnly) }
        try FileManager.default.removeItem(atPath: path)
        try await view.execute(Self.mailboxVersion1)
        #expect(
            throws: TelemetryError(.foreignDatabase, "\(path) is the usage database of a mailbox server")
        ) { try open(.transitOnly) }
    }

    @Test("what is no database at all is refused and stays as it is", arguments: [15, 16, 100, 4096, 100_000])
    func garbage(size: Int) throws {
        var random = SeededGenerator(seed: UInt64(size))
        let garbage = Data((0..<size).map { _ in UInt8.random(in: 0...255, using: &random) })
        try garbage.write(to: URL(filePath: path))
        #expect(throws: TelemetryError(.foreignDatabase, "\(path) is not an SQLite database")) { try open() }
        #expect(contents() == garbage)
        #expect(files == ["usage.sqlite"])
    }

    @Test("a damaged database never traps", arguments: 0..<150 as Range<UInt64>)
    func damaged(seed: UInt64) async throws {
        if seed == 0 { try open() }
        var random = SeededGenerator(seed: seed)
        try open()
        var bytes = try #require(contents())
        for _ in 0..<Int.random(in: 1...40, using: &random) {
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        if seed.isMultiple(of: 3) { bytes = bytes.prefix(Int.random(in: 1..<bytes.count, using: &random)) }
        try bytes.write(to: URL(filePath: path))
        // Either it is still usable or it is refused; both are fine.
        do { try open() } catch { #expect(error.description.hasPrefix(path)) }
    }

    @Test("places where no file can be are refused by name")
    func unusablePlaces() throws {
        #expect(
            throws: TelemetryError(
                .unusableFile,
                "\(folder.path)/no/usage: the directory \(folder.path)/no: No such file or directory"
            )
        ) {
            try open(at: folder.path + "/no/usage")
        }
        #expect(throws: TelemetryError(.unusableFile, "\(folder.path) is not a file")) { try open(at: folder.path) }
        symlink("nowhere/at/all", path)
        #expect(throws: TelemetryError.self) { try open(at: path + "/x") }
    }

    @Test("a database that another program holds is an error that says so")
    func locked() async throws {
        try open()
        let lock = try await ForeignLock(path)
        #expect(throws: TelemetryError(.lockedDatabase, "\(path) is locked by another program")) { try open() }
        try lock.release()
        try open()
    }

    @Test("a database in memory leaves no file")
    func inMemory() throws {
        let before = try FileManager.default.contentsOfDirectory(atPath: ".").sorted()
        try open(at: ":memory:")
        #expect(files.isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: ".").sorted() == before)
    }
}
