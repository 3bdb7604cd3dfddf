package import LinuxIO
package import Observations
internal import Synchronization

/// Lets connections in, or not, for every listener of a service. Asked once when a connection comes, and told once or twice
/// more in its life: the lock is not on the way of any byte.
package final class Doorkeeper: Sendable {
    /// How long the key that addresses are hashed with lives. Connections keep the name they came with.
    private static let keyLife: Int64 = 86_400 * 1_000_000_000

    private let state: Mutex<State>
    /// Whether connections from this machine are counted by source, too.
    private let countsLoopback: Bool

    private struct State: ~Copyable {
        var table: AdmissionTable
        var rates: ArrivalRates
        var key = Self.freshKey
        var keyEnds: Int64

        static var freshKey: (UInt64, UInt64) { (.random(in: 0 ... .max), .random(in: 0 ... .max)) }
    }

    package init(limits: AdmissionLimits, countsLoopback: Bool) {
        state = Mutex(
            State(
                table: AdmissionTable(limits: limits),
                rates: ArrivalRates(limits: limits),
                keyEnds: SystemClock.monotonicNanoseconds + Self.keyLife
            )
        )
        self.countsLoopback = countsLoopback
    }

    /// A connection asks to come in.
    ///
    /// - Parameters:
    ///   - network: `nil` for the peer of a Unix socket.
    ///   - now: ``SystemClock/monotonicNanoseconds``.
    /// - Returns: Its pass, or why it gets none.
    package func admit(_ network: SourceNetwork?, at now: Int64) -> Admission {
        let (source, reason) = state.withLock { state in
            let source = network.flatMap { $0.isLoopback && !countsLoopback ? nil : Self.name($0, key: state.key) }
            return (source, state.rates.admit(source, at: now) ?? state.table.admit(source))
        }
        if let reason { return .refused(reason) }
        return .admitted(DoorPass(doorkeeper: self, source: source))
    }

    /// Hashes addresses with a new key from now on, when the old one has lived long enough. To be called now and then.
    ///
    /// - Parameter now: ``SystemClock/monotonicNanoseconds``.
    /// - Returns: Whether it was time.
    package func rotateKey(at now: Int64) -> Bool {
        state.withLock { state in
            guard state.keyEnds <= now else { return false }
            state.key = State.freshKey
            state.keyEnds = now + Self.keyLife
            return true
        }
    }

    /// Changes how many are let in. Those who are in stay.
    package func change(_ limits: AdmissionLimits) {
        state.withLock { $0.table.limits = limits }
    }

    /// Lets nobody new in, or lets connections in again.
    package func setDraining(_ isDraining: Bool) {
        state.withLock { $0.table.isDraining = isDraining }
    }

    /// Where the connections come from.
    package var levels: TransitSourceLevels { state.withLock { $0.table.levels } }

    fileprivate func handshakeEnded(_ source: SourceID?) {
        state.withLock { $0.table.handshakeEnded(source) }
    }

    fileprivate func left(_ source: SourceID?, isUnfinished: Bool) {
        state.withLock { $0.table.left(source, isUnfinished: isUnfinished) }
    }

    /// SipHash, which is what the standard library's hasher is, with a key of our own.
    private static func name(_ network: SourceNetwork, key: (UInt64, UInt64)) -> SourceID {
        var hasher = Hasher()
        hasher.combine(key.0)
        hasher.combine(network)
        hasher.combine(key.1)
        return SourceID(hash: UInt64(bitPattern: Int64(hasher.finalize())))
    }
}

/// What became of a connection that asked to come in.
package enum Admission: ~Copyable {
    case admitted(DoorPass)
    case refused(RejectionReason)
}

/// The right of one connection to be in. Gives itself back when the connection is gone.
package struct DoorPass: ~Copyable, Sendable {
    private let doorkeeper: Doorkeeper
    /// Whose connection it is; `nil` for one that is not counted by source.
    package let source: SourceID?
    private var isUnfinished = true

    fileprivate init(doorkeeper: Doorkeeper, source: SourceID?) {
        self.doorkeeper = doorkeeper
        self.source = source
    }

    /// Its handshake was judged.
    package mutating func handshakeEnded() {
        guard isUnfinished else { return }
        isUnfinished = false
        doorkeeper.handshakeEnded(source)
    }

    deinit { doorkeeper.left(source, isUnfinished: isUnfinished) }
}
