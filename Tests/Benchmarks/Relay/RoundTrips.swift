import LinuxIO

/// Small records that go back and forth on one pair, one at a time.
final class RoundTrips {
    static let bytes = 64

    private let caller: Caller
    private let echo: Echo

    init(_ pair: RelayPair) {
        caller = Caller(pair.one)
        echo = Echo(pair.other)
    }

    var durations: Distribution { caller.durations }

    /// Goes back and forth for so many seconds.
    func run(seconds: Double, on loop: LoadLoop) throws(BenchmarkError) {
        caller.durations.removeAll()
        caller.end = SystemClock.monotonicNanoseconds + Int64(seconds * 1e9)
        caller.isDone = false
        try caller.call()
        try loop.run("round trips") { () throws(BenchmarkError) in caller.isDone }
    }

    func close() {
        caller.connection.close()
        echo.connection.close()
    }

    private final class Caller: ConnectionUser {
        let connection: Connection
        var durations = Distribution()
        var end: Int64 = 0
        var isDone = false
        private var received = 0
        private var position = 0
        private var calledAt: Int64 = 0

        init(_ connection: Connection) {
            self.connection = connection
            connection.user = self
        }

        func call() throws(BenchmarkError) {
            received = 0
            calledAt = SystemClock.monotonicNanoseconds
            let record = Pattern.shared.part(after: position, limit: RoundTrips.bytes)
            guard try connection.sendSome(record) == record.count else {
                throw BenchmarkError("there is no room for a record")
            }
        }

        func connection(_ connection: Connection, received bytes: UnsafeRawBufferPointer) throws(BenchmarkError) {
            guard received + bytes.count <= RoundTrips.bytes,
                Pattern.shared.continues(with: bytes, after: position + received)
            else { throw BenchmarkError("another record came back than was sent") }
            received += bytes.count
            guard received == RoundTrips.bytes else { return }
            let now = SystemClock.monotonicNanoseconds
            durations.add(nanoseconds: now - calledAt)
            position += RoundTrips.bytes
            if now < end { try call() } else { isDone = true }
        }

        func connectionEnded(_ connection: Connection) throws(BenchmarkError) {
            throw BenchmarkError("a pair ended between round trips")
        }
    }

    private final class Echo: ConnectionUser {
        let connection: Connection

        init(_ connection: Connection) {
            self.connection = connection
            connection.user = self
        }

        func connection(_ connection: Connection, received bytes: UnsafeRawBufferPointer) throws(BenchmarkError) {
            guard try connection.sendSome(bytes) == bytes.count else {
                throw BenchmarkError("there is no room for a record")
            }
        }

        func connectionEnded(_ connection: Connection) throws(BenchmarkError) {
            throw BenchmarkError("a pair ended between round trips")
        }
    }
}
