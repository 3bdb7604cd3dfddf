import Crypto
import GRDB
import Glibc
import Observations
import WormholeWire

/// Merges the records of other usage databases into ours, while our server runs or not.
///
/// A row is known by a fingerprint of its table, its values and how many equal rows stood before it. Fingerprints of what
/// was imported are kept, so that a file, an older copy of it, or the same file grown longer adds only what is new, even
/// after retention has deleted the rows. Rows that are here already by another way, such as those of a backup made when a
/// file was taken over, are recognised as well.
package struct UsageImport {
    /// What became of one file.
    package struct Outcome: Equatable, Sendable {
        /// Rows added, by kind.
        package internal(set) var added: [RecordKind: Int] = [:]
        /// Rows that were here already.
        package internal(set) var known = 0
    }

    private let target: UsageDatabaseFile
    private let queue: DatabaseQueue

    /// Opens the database that receives the records. There must be one: a wrong path is not to become a new file.
    ///
    /// - Throws: ``TelemetryError`` naming the file.
    package init(into path: String) throws(TelemetryError) {
        let reader = try UsageDatabaseFile.openForReading(path)
        let isRelay = try Self.translating(path) { try reader.read { try UsageDatabaseContents($0).isRelayAlone } }
        target = UsageDatabaseFile(path: path, schema: isRelay ? .transitOnly : .mailboxSuperset) { tries in
            usleep(20_000)
            return tries < 1500
        }
        queue = try target.open()
    }

    /// Adds the records of a file that are not here yet: all of them, or none when it fails. The file is only read.
    ///
    /// - Throws: ``TelemetryError`` naming the file that is to blame.
    package func add(_ path: String) throws(TelemetryError) -> Outcome {
        guard !Self.isSameFile(path, target.path) else {
            throw TelemetryError(.foreignDatabase, "\(path) is the database to import into")
        }
        let source = try UsageDatabaseFile.openForReading(path)
        let tables = try Self.translating(path) { try source.read { try self.tables(of: $0, path) } }
        return try Self.translating(target.path) { () throws -> Outcome in
            var known = try queue.read { try fingerprints(in: $0) }
            var outcome = Outcome()
            try source.read { source in
                try queue.writeWithoutTransaction { target in
                    try target.inTransaction(.immediate) {
                        for table in tables {
                            let rows = try Self.translating(path) { try Row.fetchCursor(source, sql: table.selection) }
                            try copy(table, to: target, &known, &outcome) {
                                try Self.translating(path) { try rows.next() }
                            }
                        }
                        return .commit
                    }
                }
            }
            return outcome
        }
    }

    /// The tables of records in a file, if it may be imported.
    private func tables(of source: GRDB.Database, _ path: String) throws -> [DetailTable] {
        if case .refused(let reason) = try UsageDatabaseContents(source).verdict(for: .mailboxSuperset) {
            throw TelemetryError(.foreignDatabase, "\(path) \(reason)")
        }
        let tables = try DetailTable.all.filter { try source.tableExists($0.name) }
        if target.schema == .transitOnly, tables != [.transfers] {
            throw TelemetryError(
                .foreignDatabase,
                "\(path) has records of a mailbox server, for which \(target.path), a relay's, has no room"
            )
        }
        return tables
    }

    /// What is known: the rows that are here, and those that were imported, whether they are still here or not.
    private func fingerprints(in database: GRDB.Database) throws -> Set<Int64> {
        var known = Set(try Int64.fetchAll(database, sql: "SELECT digest FROM imported"))
        for table in DetailTable.all where try database.tableExists(table.name) {
            var fingerprints = Fingerprints(table)
            let rows = try Row.fetchCursor(database, sql: table.selection)
            while let row = try rows.next() { known.insert(fingerprints.next(row)) }
        }
        return known
    }

    private func copy(
        _ table: DetailTable,
        to target: GRDB.Database,
        _ known: inout Set<Int64>,
        _ outcome: inout Outcome,
        nextRow: () throws -> Row?
    ) throws {
        var fingerprints = Fingerprints(table)
        var added = 0
        let insertion = try target.makeStatement(sql: table.insertion)
        let note = try target.makeStatement(sql: "INSERT OR IGNORE INTO imported (digest) VALUES (?)")
        while let row = try nextRow() {
            let fingerprint = fingerprints.next(row)
            try note.execute(arguments: [fingerprint])
            guard known.insert(fingerprint).inserted else {
                outcome.known += 1
                continue
            }
            try insertion.execute(arguments: StatementArguments(row.databaseValues))
            added += 1
        }
        try UsageCounts.count(newest: added, of: table, in: target)
        outcome.added[table.kind] = added
    }

    private static func isSameFile(_ first: String, _ second: String) -> Bool {
        var (one, other) = (stat(), stat())
        return stat(first, &one) == 0 && stat(second, &other) == 0 && one.st_dev == other.st_dev
            && one.st_ino == other.st_ino
    }

    private static func translating<Value>(_ path: String, _ body: () throws -> Value) throws(TelemetryError) -> Value {
        do {
            return try body()
        } catch {
            throw TelemetryError(opening: path, error)
        }
    }
}

/// The fingerprints of a table's rows, in order.
private struct Fingerprints {
    private let table: DetailTable
    /// How often each row, known by its own fingerprint, has come.
    private var occurrences: [Int64: Int] = [:]

    init(_ table: DetailTable) {
        self.table = table
    }

    mutating func next(_ row: Row) -> Int64 {
        var bytes = Array(table.name.utf8)
        for value in row.databaseValues {
            switch value.storage {
            case .null: bytes.append(0)
            case .int64(let number): bytes.append(1, number)
            case .double(let number): bytes.append(2, Int64(bitPattern: number.bitPattern))
            case .string(let text):
                bytes.append(3, Int64(text.utf8.count))
                bytes += text.utf8
            case .blob(let data):
                bytes.append(4, Int64(data.count))
                bytes += data
            }
        }
        let own = Self.digest(bytes)
        let before = occurrences[own, default: 0]
        occurrences[own] = before + 1
        bytes.append(5, Int64(before))
        return Self.digest(bytes)
    }

    private static func digest(_ bytes: [UInt8]) -> Int64 {
        SHA256.hash(data: bytes).prefix(8).reduce(0) { $0 << 8 | Int64($1) }
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ kind: UInt8, _ number: Int64) {
        append(kind)
        for shift in stride(from: 56, through: 0, by: -8) { append(UInt8(truncatingIfNeeded: number >> shift)) }
    }
}

extension DetailTable {
    private var columnNames: String { columns.map { "`\($0.name)`" }.joined(separator: ", ") }
    fileprivate var selection: String { "SELECT \(columnNames) FROM `\(name)` ORDER BY rowid" }
    fileprivate var insertion: String {
        "INSERT INTO `\(name)` (\(columnNames)) VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))"
    }
}
