import Foundation
import Glibc
import TestSupport
import Testing

/// Databases that the original servers have written themselves, taken over and imported.
@Suite("Usage databases of the original servers", .serialized, .timeLimit(.minutes(5)))
struct TakeOverTests {
    /// What an original mailbox server leaves behind after an exchange of two clients, and a third that comes alone.
    private func mailboxDatabase(in folder: String) async throws {
        let server = try await OriginalServer(.mailbox, ["--usage-db=usage.sqlite"], folder: folder)
        let (left, right) = (try await client(server, "left"), try await client(server, "right"))
        _ = try await left.meet(at: "1")
        _ = try await right.meet(at: "1")
        try await left.leave()
        try await right.leave()
        let lonely = try await client(server, "lonely")
        _ = try await lonely.meet(at: "2")
        try await lonely.leave("lonely")
        try await end(server)
    }

    private func client(_ server: OriginalServer, _ side: String) async throws -> MailboxClient {
        try await MailboxClient(port: server.port, app: "app", side: side)
    }

    /// What an original relay leaves behind after a pair and a stranger.
    private func relayDatabase(in folder: String) async throws {
        let server = try await OriginalServer(.relay, ["--usage-db=usage.sqlite"], folder: folder)
        let pair = try await RelayPair(port: server.port)
        try await pair.expectPassage(of: "twelve bytes")
        await pair.left.close()
        _ = try await pair.right.receiveToEnd()
        let stranger = try WebSocketTestSocket.connect(port: server.port)
        try await stranger.send("hello\n")
        _ = try await stranger.receiveToEnd()
        try await eventually("both are recorded") {
            try await sql(folder, "SELECT count(*) FROM usage") == "2\n"
        }
        try await end(server)
    }

    /// The same records in version 1 of the mailbox server's tables, which the original's own code lays out.
    private func downgrade(_ folder: String) async throws {
        let script = """
            import sys, sqlite3
            from wormhole_mailbox_server import database
            database._atomic_create_and_initialize_db(sys.argv[1] + "/v1", "usage", 1).close()
            db = sqlite3.connect(sys.argv[1] + "/v1")
            db.execute("ATTACH ? AS new", (sys.argv[1] + "/usage.sqlite",))
            for table in ["nameplates", "mailboxes", "current"]:
                db.execute("INSERT INTO main.%s SELECT * FROM new.%s" % (table, table))
            db.commit()
            """
        _ = try await run(Repository.python("python"), "-c", script, folder)
        #expect(rename(folder + "/v1", folder + "/usage.sqlite") == 0)
    }

    private func end(_ server: OriginalServer) async throws {
        server.child.send(signal: SIGTERM)
        _ = try await server.child.end()
    }

    private func sql(_ folder: String, _ statement: String, file: String = "usage.sqlite") async throws -> String {
        try await run("sqlite3", "-readonly", "-cmd", ".timeout 5000", folder + "/" + file, statement)
    }

    private let records = """
        SELECT * FROM nameplates; SELECT * FROM mailboxes;
        """
    private let counters = "SELECT name, value FROM counters WHERE value AND name NOT LIKE '%wait%' ORDER BY name"

    @Test("the mailbox server's, of version 2 and 1, is copied, completed, counted, and goes on", arguments: [2, 1])
    func mailbox(version: Int) async throws {
        let folder = try TemporaryFolder()
        try await mailboxDatabase(in: folder.path)
        if version == 1 { try await downgrade(folder.path) }
        let rows = try await sql(folder.path, records)
        #expect(rows.contains("happy") && rows.contains("lonely"))
        let before = try await sql(folder.path, ".dump")

        let server = try await RunningServer("--blur-usage=0", folder: folder)
        #expect(try await sql(folder.path, ".dump", file: "usage.sqlite-backup-v\(version)") == before)
        #expect(try await sql(folder.path, records) == rows)
        let clients = version == 2 ? "clients_none|3\n" : ""
        let counted = "mailboxes_happy|1\nmailboxes_lonely|1\nnameplates_happy|1\nnameplates_lonely|1\n"
        #expect(try await sql(folder.path, counters) == clients + counted)
        let pair = try await RelayPair(port: await server.ports.transit)
        await pair.left.close()
        try await eventually("ours writes to it") {
            try await sql(folder.path, "SELECT value FROM counters WHERE name = 'transit_happy'") == "1\n"
        }
        #expect(try await server.end(with: SIGTERM) == .exited(0))
        // And the original goes on with ours, as it was promised.
        let original = try await OriginalServer(.mailbox, ["--usage-db=usage.sqlite"], folder: folder.path)
        let lonely = try await client(original, "again")
        _ = try await lonely.meet(at: "3")
        try await lonely.leave("lonely")
        try await end(original)
        try await server.restart()
        #expect(try await sql(folder.path, counters).contains("nameplates_lonely|2"))
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    @Test("the relay's is taken over by the relay alone, and by everything together", arguments: ["transit", "start"])
    func relay(command: String) async throws {
        let folder = try TemporaryFolder()
        try await relayDatabase(in: folder.path)
        let rows = try await sql(folder.path, "SELECT * FROM usage")
        let anyPort = RunningServer.anyPort
        let options =
            command == "start"
            ? [
                "--state-dir=\(folder.path)", "--mailbox=\(anyPort)", "--transit=\(anyPort)",
                "--transit-websocket=none", "--admin=none",
            ]
            : ["--port=\(anyPort)", "--usage-db=\(folder.path)/usage.sqlite"]
        let child = try ChildProcess(Repository.server(), [command] + options)
        try await child.errors("it is ready") { $0.contains("[server] ready") }
        #expect(try await sql(folder.path, "SELECT * FROM usage") == rows)
        #expect(try await sql(folder.path, "SELECT * FROM usage", file: "usage.sqlite-backup-v1") == rows)
        #expect(try await sql(folder.path, counters) == "transit_bytes|12\ntransit_errory|1\ntransit_happy|1\n")
        #expect(try await sql(folder.path, "SELECT version FROM version") == (command == "start" ? "2\n" : "1\n"))
        child.send(signal: SIGTERM)
        #expect(try await child.end() == .exited(0))
    }

    @Test("they are imported while our server runs, whole and once, and after it has stopped as well")
    func imported() async throws {
        let (mailbox, relay) = (try TemporaryFolder(), try TemporaryFolder())
        try await mailboxDatabase(in: mailbox.path)
        try await relayDatabase(in: relay.path)
        let server = try await RunningServer()
        let folder = server.folder.path
        let program = try Repository.server()
        let files = [mailbox, relay].map { $0.path + "/usage.sqlite" }
        let before = try files.map { try Data(contentsOf: URL(filePath: $0)) }
        let first = try await run(program, "import-usage", "--state-dir=\(folder)", files[0], files[1])
        #expect(
            first == """
                \(files[0]): 7 records added (nameplate 2, mailbox 2, client_version 3), 0 known already
                \(files[1]): 2 records added (transit 2), 0 known already

                """
        )
        let expected = try await sql(folder, counters)
        #expect(expected.contains("transit_happy|1") && expected.contains("nameplates_happy|1"))
        // The server goes on writing to it, and counts on.
        let pair = try await RelayPair(port: await server.ports.transit)
        await pair.left.close()
        try await eventually("the next transfer counts, too") {
            try await sql(folder, "SELECT value FROM counters WHERE name = 'transit_happy'") == "2\n"
        }
        #expect(try await server.end(with: SIGTERM) == .exited(0))
        let again = try await run(program, "import-usage", "--state-dir=\(folder)", files[0], files[1])
        #expect(again.contains("0 records added (nameplate 0, mailbox 0, client_version 0), 7 known already"))
        #expect(again.contains("0 records added (transit 0), 2 known already"))
        #expect(try files.map { try Data(contentsOf: URL(filePath: $0)) } == before)

        let failing = try ChildProcess(program, ["import-usage", "--state-dir=\(folder)", "/no/such/file", files[1]])
        #expect(try await failing.end() == .exited(1))
        #expect(failing.errors == "Error: /no/such/file: No such file or directory\n")
        #expect(failing.output.contains("2 known already"), "the others are imported all the same")
    }
}
