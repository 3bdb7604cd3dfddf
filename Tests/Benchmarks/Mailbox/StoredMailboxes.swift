import LinuxIO

/// A channel database full of mailboxes that wait for their second client.
enum StoredMailboxes {
    /// Has the original make the database, so that the schema is its own, and sqlite3(1) fill it.
    ///
    /// Each mailbox was touched just now, so that nothing is old when a server starts, and holds what a client has sent
    /// that waits: a nameplate, its side, and one message.
    ///
    /// - Returns: The path of the database.
    static func make(_ count: Int, on workbench: Workbench) throws(BenchmarkError) -> String {
        let database = try MailboxUnderTest.makeChannelDatabase(on: workbench)
        let now = "\(SystemClock.wallMicroseconds / 1_000_000)"
        let script = """
            BEGIN;
            CREATE TEMP TABLE numbers AS
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(count)) SELECT i FROM n;
            INSERT INTO mailboxes (app_id, id, updated, for_nameplate)
                SELECT 'bench.example.org/stored', 'stored-' || i, \(now), 1 FROM numbers;
            INSERT INTO mailbox_sides (mailbox_id, opened, side, added)
                SELECT 'stored-' || i, 1, 'side' || i, \(now) FROM numbers;
            INSERT INTO nameplates (id, app_id, name, mailbox_id)
                SELECT i, 'bench.example.org/stored', CAST(i AS TEXT), 'stored-' || i FROM numbers;
            INSERT INTO nameplate_sides (nameplates_id, claimed, side, added)
                SELECT i, 1, 'side' || i, \(now) FROM numbers;
            INSERT INTO messages (app_id, mailbox_id, side, phase, body, server_rx, msg_id)
                SELECT 'bench.example.org/stored', 'stored-' || i, 'side' || i, 'pake', hex(randomblob(100)), \(now), '0001'
                FROM numbers;
            COMMIT;
            """
        let path = database + ".sql"
        try writeFile(script, to: path)
        try runTool(["sqlite3", "-bail", database], input: path)
        return database
    }
}
