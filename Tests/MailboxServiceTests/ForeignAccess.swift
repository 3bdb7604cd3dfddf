import GRDB

/// A database as another program sees it, and changes it.
struct ForeignAccess {
    let path: String

    func rows(_ sql: String) throws -> [Row] {
        try read { try Row.fetchAll($0, sql: sql) }
    }

    /// The first column.
    func texts(_ sql: String) throws -> [String] {
        try read { try String.fetchAll($0, sql: sql) }
    }

    func count(of table: String) throws -> Int {
        try read { try Int.fetchOne($0, sql: "SELECT count(*) FROM \(table)") ?? 0 }
    }

    /// Runs SQL with keys unchecked.
    func execute(_ sql: String) throws {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
        try queue.close()
    }

    private func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        return try DatabaseQueue(path: path, configuration: configuration).read(body)
    }
}
