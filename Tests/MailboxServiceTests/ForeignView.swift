import GRDB

/// A database as another program that only looks sees it.
struct ForeignView {
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

    private func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        return try DatabaseQueue(path: path, configuration: configuration).read(body)
    }
}
