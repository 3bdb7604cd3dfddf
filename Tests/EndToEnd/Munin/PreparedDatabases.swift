import Foundation
import TestSupport

/// Databases made by a test in the original servers' own schema.
final class PreparedDatabases: Sendable {
    /// Which server's usage database.
    enum Kind: Sendable {
        case mailbox, transit
    }

    static let schema: [Kind: String] = [
        .mailbox: """
        CREATE TABLE version (version INTEGER); INSERT INTO version VALUES (2);
        CREATE TABLE current (rebooted INTEGER, updated INTEGER, blur_time INTEGER, connections_websocket INTEGER);
        CREATE TABLE nameplates (app_id VARCHAR, started INTEGER, waiting_time INTEGER, total_time INTEGER, result VARCHAR);
        CREATE TABLE mailboxes (app_id VARCHAR, for_nameplate BOOLEAN, started INTEGER, total_time INTEGER,
                                waiting_time INTEGER, result VARCHAR);
        CREATE TABLE client_versions (app_id VARCHAR, side VARCHAR, connect_time INTEGER, implementation VARCHAR,
                                      version VARCHAR);
        """,
        .transit: """
        CREATE TABLE version (version INTEGER); INSERT INTO version VALUES (1);
        CREATE TABLE current (rebooted INTEGER, updated INTEGER, connected INTEGER, waiting INTEGER,
                              incomplete_bytes INTEGER);
        CREATE TABLE usage (started INTEGER, total_time INTEGER, waiting_time INTEGER, total_bytes INTEGER, result VARCHAR);
        """,
    ]
    static let channelSchema = """
        CREATE TABLE version (version INTEGER); INSERT INTO version VALUES (1);
        CREATE TABLE mailboxes (app_id VARCHAR, updated INTEGER, for_nameplate BOOLEAN, id VARCHAR PRIMARY KEY);
        CREATE TABLE nameplates (id INTEGER PRIMARY KEY AUTOINCREMENT, app_id VARCHAR, name VARCHAR, mailbox_id VARCHAR,
                                 request_id VARCHAR);
        CREATE TABLE messages (app_id VARCHAR, mailbox_id VARCHAR, side VARCHAR, phase VARCHAR, body VARCHAR,
                               server_rx INTEGER, msg_id VARCHAR);
        """

    let folder: TemporaryFolder
    let usage: String
    let channels: String
    /// The Unix time for which they were made, a whole second.
    let now: Double

    /// - Parameters:
    ///   - age: How old the server's state is, in seconds; `nil` for none.
    ///   - uptime: How long before that the server was started.
    ///   - blur: The window, which only the mailbox server's table can tell.
    ///   - sql: What else the usage database holds; `now` and `boot` stand for these times.
    init(
        _ kind: Kind,
        age: Double? = 10,
        uptime: Double = 1000,
        blur: String = "NULL",
        sql: String = "",
        channelSQL: String = ""
    ) async throws {
        folder = try TemporaryFolder()
        usage = folder.path + "/usage.sqlite"
        channels = folder.path + "/relay.sqlite"
        now = Date().timeIntervalSince1970.rounded(.down)
        var script = Self.schema[kind] ?? ""
        if let age {
            let levels = kind == .mailbox ? "\(blur), 3" : "4, 1, 77"
            script += "INSERT INTO current VALUES (\(now - age - uptime), \(now - age), \(levels));"
        }
        script += sql.replacing("now", with: "\(now)").replacing("boot", with: "\(now - (age ?? 0) - uptime)")
        _ = try await run("sqlite3", "-bail", usage, input: script)
        _ = try await run("sqlite3", "-bail", channels, input: Self.channelSchema + channelSQL)
    }

    /// What a plugin is told.
    var environment: [String: String] { ["usagedb": usage, "channeldb": channels] }

    /// Runs more statements.
    func change(_ sql: String) async throws {
        _ = try await run("sqlite3", "-bail", usage, input: sql)
    }
}
