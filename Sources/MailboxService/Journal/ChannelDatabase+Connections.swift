import GRDB
import Observations
import WormholeWire

/// The tables that only version 2 has: who is connected, and which generation of address ids it is.
///
/// They are for other programs to read. Both tables of connections are emptied at the start, and written in batches that nobody
/// waits for.
extension ChannelDatabase {
    /// What version 2 has besides version 1, as far as it is written. A third column `ends`, which some files have, is left alone.
    private static let tables = [
        "addrid_generation": ["generation", "started"],
        "connections": [
            "id", "addrid_generation", "addrid_counter", "connected", "side", "implementation", "version", "active",
        ],
        "connection_messages": ["id", "when", "name"],
    ]

    static func findsConnectionTables(_ db: GRDB.Database) throws -> Bool {
        for (table, columns) in tables {
            guard try db.tableExists(table) else { return false }
            let found = try Set(db.columns(in: table).map(\.name))
            guard found.isSuperset(of: columns) else { return false }
        }
        return true
    }

    static func emptyConnectionTables(_ db: GRDB.Database) throws {
        try db.execute(sql: "DELETE FROM connection_messages; DELETE FROM connections")
    }

    /// - Returns: How long the log is now, in pages.
    /// - Throws: ``ChannelDatabaseError``.
    @discardableResult
    func write(_ batch: ConnectionBatch) throws -> Int {
        try change { db in
            if batch.beginsAgain { try Self.emptyConnectionTables(db) }
            let upsert = try db.cachedStatement(
                sql: """
                    INSERT OR REPLACE INTO connections
                        (id, addrid_generation, addrid_counter, connected, side, implementation, version, active)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                    """
            )
            for row in batch.rows {
                try upsert.execute(
                    arguments: [
                        Int64(clamping: row.id), row.addressID?.generation, row.addressID?.counter,
                        row.connected.seconds, row.side, row.client?.implementation, row.client?.version,
                        row.active.seconds,
                    ]
                )
            }
            let add = try db.cachedStatement(
                sql: #"INSERT INTO connection_messages (id, "when", name) VALUES (?, ?, ?)"#
            )
            for command in batch.commands {
                try add.execute(
                    arguments: [Int64(clamping: command.connection), command.when.seconds, command.name.rawValue]
                )
            }
            let forget = try db.cachedStatement(sql: "DELETE FROM connection_messages WHERE id = ?")
            let end = try db.cachedStatement(sql: "DELETE FROM connections WHERE id = ?")
            for id in batch.ended {
                try forget.execute(arguments: [Int64(clamping: id)])
                try end.execute(arguments: [Int64(clamping: id)])
            }
        }
    }

    // MARK: Generations of address ids

    /// The last generation of address ids; `nil` when there was none, and in a file of version 1.
    func lastAddressGeneration() throws -> Int? {
        guard hasConnectionTables else { return nil }
        return try use { db in
            try Int.fetchOne(db, sql: "SELECT max(generation) FROM addrid_generation")
        }
    }

    /// In a file of version 2 only.
    ///
    /// - Returns: How long the log is now, in pages.
    /// - Throws: ``ChannelDatabaseError``.
    @discardableResult
    func write(_ generation: AddressGeneration) throws -> Int {
        try change { db in
            guard hasConnectionTables else { return }
            let values: StatementArguments = [generation.number, generation.started.seconds]
            try db.execute(sql: "UPDATE addrid_generation SET generation = ?, started = ?", arguments: values)
            if db.changesCount == 0 {
                try db.execute(
                    sql: "INSERT INTO addrid_generation (generation, started) VALUES (?, ?)",
                    arguments: values
                )
            }
        }
    }
}
