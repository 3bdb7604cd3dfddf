import GRDB

/// The tables of a usage database, as the original servers lay them out.
///
///     version        one row: 2 with the mailbox server's tables, 1 with the relay's alone
///     current        one row: the server as it is now
///     nameplates, mailboxes, client_versions      the mailbox server's records
///     usage          the relay's records
///
/// Where both servers' tables are in one file, `current` has the columns of both. Those of the relay come last and default
/// to zero: the original mailbox server, which knows nothing of them, can then write its row, and the relay's graphs read
/// from that row that nothing is being relayed. Source: magic-wormhole-mailbox-server `usage-v2.sql`,
/// magic-wormhole-transit-relay `usage-v1.sql`.
enum UsageSchema {
    typealias Column = (name: String, type: String)

    static let mailboxCurrent: [Column] = [
        ("rebooted", "INTEGER"), ("updated", "INTEGER"), ("blur_time", "INTEGER"),
        ("connections_websocket", "INTEGER"),
    ]
    static let relayCurrent: [Column] = [
        ("connected", "INTEGER"), ("waiting", "INTEGER"), ("incomplete_bytes", "INTEGER"),
    ]
    static let nameplates: [Column] = [
        ("app_id", "VARCHAR"), ("started", "INTEGER"), ("waiting_time", "INTEGER"), ("total_time", "INTEGER"),
        ("result", "VARCHAR"),
    ]
    static let mailboxes: [Column] = [
        ("app_id", "VARCHAR"), ("for_nameplate", "BOOLEAN"), ("started", "INTEGER"), ("total_time", "INTEGER"),
        ("waiting_time", "INTEGER"), ("result", "VARCHAR"),
    ]
    static let clientVersions: [Column] = [
        ("app_id", "VARCHAR"), ("side", "VARCHAR"), ("connect_time", "INTEGER"), ("implementation", "VARCHAR"),
        ("version", "VARCHAR"),
    ]
    static let usage: [Column] = [
        ("started", "INTEGER"), ("total_time", "INTEGER"), ("waiting_time", "INTEGER"), ("total_bytes", "INTEGER"),
        ("result", "VARCHAR"),
    ]

    static let mailboxIndices = [
        ("nameplates_idx", "nameplates", "app_id, started"),
        ("mailboxes_idx", "mailboxes", "app_id, started"),
        ("mailboxes_result_idx", "mailboxes", "result"),
        ("client_versions_time_idx", "client_versions", "connect_time"),
        ("client_versions_appid_time_idx", "client_versions", "app_id, connect_time"),
    ]
    static let relayIndices = [
        ("usage_started_index", "usage", "started"),
        ("usage_result_index", "usage", "result"),
    ]

    /// The version the original servers know each shape by.
    static func version(of schema: TelemetryConfiguration.UsageSchema) -> Int {
        switch schema {
        case .mailboxSuperset: 2
        case .transitOnly: 1
        }
    }

    /// Creates whatever of the schema is missing, and sets the version. Records that are there stay as they are.
    static func complete(_ schema: TelemetryConfiguration.UsageSchema, in database: Database) throws {
        try createTable("version", [("version", "INTEGER")], in: database)
        switch schema {
        case .mailboxSuperset:
            try completeCurrent(in: database)
            try createTable("nameplates", nameplates, in: database)
            try createTable("mailboxes", mailboxes, in: database)
            try createTable("client_versions", clientVersions, in: database)
            try createIndices(mailboxIndices, in: database)
        case .transitOnly:
            try createTable("current", Array(mailboxCurrent.prefix(2)) + relayCurrent, in: database)
        }
        try createTable("usage", usage, in: database)
        try createIndices(relayIndices, in: database)
        try database.execute(sql: "DELETE FROM version")
        try database.execute(sql: "INSERT INTO version (version) VALUES (?)", arguments: [version(of: schema)])
    }

    // Names are those above, never a caller's.

    private static func createTable(_ name: String, _ columns: [Column], in database: Database) throws {
        let list = columns.map { "`\($0.name)` \($0.type)" }.joined(separator: ", ")
        try database.execute(sql: "CREATE TABLE IF NOT EXISTS `\(name)` (\(list))")
    }

    /// One row of the moment is all it holds, so that an original server's table is made anew rather than altered: the
    /// columns then stand in our order and have our defaults, whichever server made the file.
    private static func completeCurrent(in database: Database) throws {
        let wanted = mailboxCurrent + relayCurrent.map { ($0.name, "\($0.type) DEFAULT 0") }
        let present = try database.tableExists("current") ? try database.columns(in: "current").map(\.name) : []
        guard present != wanted.map(\.name) else { return }
        try database.execute(sql: "DROP TABLE IF EXISTS `current`")
        try createTable("current", wanted, in: database)
    }

    private static func createIndices(_ indices: [(String, String, String)], in database: Database) throws {
        for (name, table, columns) in indices {
            try database.execute(sql: "CREATE INDEX IF NOT EXISTS `\(name)` ON `\(table)` (\(columns))")
        }
    }
}
