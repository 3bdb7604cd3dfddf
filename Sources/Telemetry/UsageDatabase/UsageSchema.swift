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

    /// Creates whatever of the schema is missing, and sets the version. What is there stays as it is.
    static func complete(_ schema: TelemetryConfiguration.UsageSchema, in database: Database) throws {
        try createTable("version", [("version", "INTEGER")], in: database)
        switch schema {
        case .mailboxSuperset:
            try createTable("current", mailboxCurrent, in: database)
            try addColumns(mailboxCurrent, default: nil, to: "current", in: database)
            try addColumns(relayCurrent, default: 0, to: "current", in: database)
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

    private static func addColumns(
        _ columns: [Column],
        default value: Int?,
        to table: String,
        in database: Database
    ) throws {
        let present = Set(try database.columns(in: table).map(\.name))
        for column in columns where !present.contains(column.name) {
            let suffix = value.map { " DEFAULT \($0)" } ?? ""
            try database.execute(sql: "ALTER TABLE `\(table)` ADD COLUMN `\(column.name)` \(column.type)\(suffix)")
        }
    }

    private static func createIndices(_ indices: [(String, String, String)], in database: Database) throws {
        for (name, table, columns) in indices {
            try database.execute(sql: "CREATE INDEX IF NOT EXISTS `\(name)` ON `\(table)` (\(columns))")
        }
    }
}
