import GRDB

/// A database as another program that writes holds it: nobody else can write until it is let go. No thread waits meanwhile, of
/// which the tests that run at once share few.
struct HeldDatabase {
    private let queue: DatabaseQueue

    init(_ path: String) throws {
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .timeout(5)
        queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.inDatabase { try $0.execute(sql: "BEGIN IMMEDIATE") }
    }

    func letGo() throws {
        try queue.inDatabase { try $0.execute(sql: "ROLLBACK") }
    }
}
