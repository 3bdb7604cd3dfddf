import GRDB

/// What is in a database file, as far as it decides whether we may write into it.
struct UsageDatabaseContents {
    /// What to do with a file.
    enum Verdict: Equatable {
        /// It is as we would have made it.
        case usable
        /// A file of this version that lacks some of our tables, as an original server's does: to be copied and completed.
        case completable(version: Int)
        /// Not ours to touch; the text continues a sentence that begins with the file's name.
        case refused(String)
    }

    /// The rows of the table `version`, `nil` without such a table.
    private let versions: [Int?]?
    /// The columns of each table.
    private let columns: [String: Set<String>]
    private let hasBrokenReferences: Bool
    private let isMigrated: Bool

    init(_ database: Database) throws {
        var columns: [String: Set<String>] = [:]
        for table in try String.fetchAll(database, sql: "SELECT name FROM sqlite_master WHERE type = 'table'") {
            columns[table.lowercased()] = Set(try database.columns(in: table).map { $0.name.lowercased() })
        }
        self.columns = columns
        versions =
            columns["version"]?.contains("version") == true
            ? try Row.fetchAll(database, sql: "SELECT version FROM version").map { $0[0] as? Int64 }.map {
                $0.flatMap { Int(exactly: $0) }
            } : nil
        isMigrated = try UsageMigrations.migrator.hasCompletedMigrations(database)
        hasBrokenReferences = try Row.fetchOne(database, sql: "PRAGMA foreign_key_check") != nil
    }

    func verdict(for schema: TelemetryConfiguration.UsageSchema) -> Verdict {
        guard !hasBrokenReferences else { return .refused("has rows that refer to missing ones") }
        guard let versions, versions.count == 1, let version = versions[0], isMailbox || isRelay else {
            return .refused("is not a usage database")
        }
        switch schema {
        case .transitOnly:
            guard version == 1 else { return .refused("has version \(version), and the relay alone writes version 1") }
            guard isRelay else { return .refused("is the usage database of a mailbox server") }
            return isMigrated ? .usable : .completable(version: 1)
        case .mailboxSuperset:
            switch version {
            case 1: return .completable(version: 1)
            case 2:
                guard isMailbox, has("client_versions", UsageSchema.clientVersions) else {
                    return .refused("says it has version 2, but lacks its tables")
                }
                return isRelay && isMigrated ? .usable : .completable(version: 2)
            default: return .refused("has version \(version), and this program knows versions 1 and 2")
            }
        }
    }

    /// A relay's own file, without a mailbox server's tables.
    var isRelayAlone: Bool { isRelay && !isMailbox }

    private var isMailbox: Bool {
        has("current", UsageSchema.mailboxCurrent) && has("nameplates", UsageSchema.nameplates)
            && has("mailboxes", UsageSchema.mailboxes)
    }

    private var isRelay: Bool { has("current", UsageSchema.relayCurrent) && has("usage", UsageSchema.usage) }

    private func has(_ table: String, _ expected: [UsageSchema.Column]) -> Bool {
        columns[table]?.isSuperset(of: expected.map(\.name)) == true
    }
}
