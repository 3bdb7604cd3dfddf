import LinuxIO

/// Two ends that are joined: what one sends, the other receives.
struct RelayPair {
    let one: Connection
    let other: Connection
    /// From the last handshake sent to the last `ok` read, in nanoseconds.
    let pairingNanoseconds: Int64
}

/// A pair that is being opened.
final class PairOpening {
    let token: String
    private let onOpen: (RelayPair) throws(BenchmarkError) -> Void
    private var handshakeSent: Int64 = 0
    private var ready: Connection?

    /// - Parameter onOpen: Called once both ends have had their `ok`. It gives them new users.
    init(token: String, onOpen: @escaping (RelayPair) throws(BenchmarkError) -> Void) {
        self.token = token
        self.onOpen = onOpen
    }

    func sentHandshake() {
        handshakeSent = SystemClock.monotonicNanoseconds
    }

    func isReady(_ connection: Connection) throws(BenchmarkError) {
        guard let first = ready else {
            ready = connection
            return
        }
        let took = SystemClock.monotonicNanoseconds - handshakeSent
        ready = nil
        try onOpen(RelayPair(one: first, other: connection, pairingNanoseconds: took))
    }
}
