import GRDB
import Glibc
import WormholeWire

/// The SQLite file of the address ids, version 1, which the original server's development branch opens as well.
///
/// Emptied with every new generation, and overwritten with zeros where something was deleted.
final class AddressDatabase {
    /// An address that got its id.
    struct Entry: Sendable {
        let id: AddressID
        let isIPv6: Bool
        let address: String
    }

    private let queue: DatabaseQueue

    /// - Parameters:
    ///   - path: A file in a directory that exists, or `:memory:`.
    ///   - lockTimeout: How long a write waits for another program's lock.
    init(path: String, lockTimeout: Duration = .seconds(5)) throws(AddressDatabaseError) {
        do {
            if path != ":memory:" {
                // Only its owner may read it; SQLite fills an empty file.
                let descriptor = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
                guard descriptor >= 0 else { throw AddressDatabaseError(path, String(cString: strerror(errno))) }
                close(descriptor)
            }
            var configuration = Configuration()
            configuration.busyMode = .timeout(lockTimeout.seconds)
            queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.inDatabase { db in
                try db.execute(sql: "PRAGMA secure_delete = ON")
                if try !db.tableExists("version") {
                    guard try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") == 0 else {
                        throw AddressDatabaseError(path, "it is an SQLite database of another kind")
                    }
                    try db.execute(sql: Self.creation)
                }
                let version = try Int.fetchOne(db, sql: "SELECT version FROM version")
                guard version == 1 else {
                    throw AddressDatabaseError(path, "Unable to handle db version \(version.map(String.init) ?? "?")")
                }
            }
        } catch let error as AddressDatabaseError {
            throw error
        } catch let error as DatabaseError {
            throw AddressDatabaseError(path, error.message ?? error.resultCode.description)
        } catch {
            throw AddressDatabaseError(path, "\(error)")
        }
    }

    private static let creation = """
        CREATE TABLE version (version INTEGER);
        CREATE TABLE address_ids (
            generation INTEGER,
            counter INTEGER,
            type VARCHAR,
            address VARCHAR,
            retain INTEGER
        );
        INSERT INTO version (version) VALUES (1);
        """

    /// The last generation something was written in.
    func lastGeneration() throws -> Int? {
        try queue.inDatabase { try Int.fetchOne($0, sql: "SELECT max(generation) FROM address_ids") }
    }

    func empty() throws {
        try queue.inDatabase { try $0.execute(sql: "DELETE FROM address_ids") }
    }

    /// Adds entries, and with `alone` removes all others: both, or nothing.
    func write(_ entries: [Entry], alone: Bool) throws {
        try queue.inTransaction(.immediate) { db in
            if alone { try db.execute(sql: "DELETE FROM address_ids") }
            let insert = try db.cachedStatement(
                sql: "INSERT INTO address_ids (generation, counter, type, address) VALUES (?, ?, ?, ?)"
            )
            for entry in entries {
                try insert.execute(
                    arguments: [
                        entry.id.generation, entry.id.counter, entry.isIPv6 ? "ipv6" : "ipv4", entry.address,
                    ]
                )
            }
            return .commit
        }
    }
}

/// Why the database of address ids cannot be used, in one line.
struct AddressDatabaseError: Error, CustomStringConvertible {
    let description: String

    init(_ path: String, _ reason: String) {
        description = "cannot open the database of address ids \(path): \(reason)"
    }
}
