/// One end of a pair that moves bulk data: sends so many bytes of the pattern, and counts as many as it is sent.
///
/// Its kernel throws away what comes, lest the generator spend more on copies than the relay does on relaying. A first
/// transfer through each contender compares every byte; the tests of the relay do nothing else.
final class BulkEnd: ConnectionUser {
    private let connection: Connection
    private let toSend: Int
    private let toReceive: Int
    private(set) var sent = 0
    private(set) var received = 0

    /// How much it sends before others have their turn.
    private static let bytesPerTurn = 1 << 20

    /// - Parameters:
    ///   - toSend: `Int.max` to go on until it is closed.
    ///   - toReceive: More than that is an error.
    ///   - compares: Whether every byte is looked at.
    init(_ connection: Connection, toSend: Int, toReceive: Int, compares: Bool = false) {
        self.connection = connection
        self.toSend = toSend
        self.toReceive = toReceive
        connection.user = self
        connection.discardsInput = !compares
    }

    var isDone: Bool { sent == toSend && received == toReceive }

    func start() throws(BenchmarkError) {
        try pump()
    }

    func close() {
        connection.close()
    }

    func connection(_ connection: Connection, received bytes: UnsafeRawBufferPointer) throws(BenchmarkError) {
        guard bytes.count <= toReceive - received else { throw BenchmarkError("more bytes arrived than were sent") }
        guard Pattern.shared.continues(with: bytes, after: received) else {
            throw BenchmarkError("other bytes arrived than were sent, after \(received)")
        }
        received += bytes.count
    }

    func connection(_ connection: Connection, discarded count: Int) throws(BenchmarkError) {
        guard count <= toReceive - received else { throw BenchmarkError("more bytes arrived than were sent") }
        received += count
    }

    func connectionWritable(_ connection: Connection) throws(BenchmarkError) {
        try pump()
    }

    func connectionEnded(_ connection: Connection) throws(BenchmarkError) {
        throw BenchmarkError("a pair ended after \(received) of \(toReceive) bytes")
    }

    private func pump() throws(BenchmarkError) {
        let turnEnd = sent + min(Self.bytesPerTurn, toSend - sent)
        while sent < turnEnd {
            let count = try connection.sendSome(Pattern.shared.part(after: sent, limit: turnEnd - sent))
            guard count > 0 else { return }
            sent += count
        }
        if sent < toSend { connection.runAgain() }
    }
}
