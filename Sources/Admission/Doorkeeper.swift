package import LinuxIO
package import Observations
internal import Synchronization

/// Lets connections in, or not, for every listener of a service. Asked once when a connection comes, and told once or twice
/// more in its life: the lock is not on the way of any byte.
package final class Doorkeeper: Sendable {
    private let state: Mutex<State>
    private let census: SourceCensus
    /// Whether connections from this machine are counted by source, too.
    private let countsLoopback: Bool

    private struct State: ~Copyable {
        var table: AdmissionTable
        var rates: ArrivalRates
    }

    /// - Parameter census: What all doorkeepers of the process count their connections in.
    package init(limits: AdmissionLimits, countsLoopback: Bool, census: SourceCensus) {
        state = Mutex(State(table: AdmissionTable(limits: limits), rates: ArrivalRates(limits: limits)))
        self.census = census
        self.countsLoopback = countsLoopback
    }

    /// A connection asks to come in.
    ///
    /// - Parameters:
    ///   - network: `nil` for the peer of a Unix socket.
    ///   - now: ``SystemClock/monotonicNanoseconds``.
    /// - Returns: Its pass, or why it gets none.
    package func admit(_ network: SourceNetwork?, at now: Int64) -> Admission {
        if let network, !census.rules.admit(network) { return .refused(.deniedSource) }
        let source = network.flatMap { $0.isLoopback && !countsLoopback ? nil : census.name(of: $0) }
        let reason = state.withLock { $0.rates.admit(source, at: now) ?? $0.table.admit(source) }
        if let reason { return .refused(reason) }
        census.entered(source)
        return .admitted(DoorPass(doorkeeper: self, source: source))
    }

    /// Hashes addresses with a new key from now on, when the old one has lived long enough. To be called now and then.
    ///
    /// - Parameter now: ``SystemClock/monotonicNanoseconds``.
    /// - Returns: Whether it was time, and nobody else has done it.
    package func rotateKey(at now: Int64) -> Bool { census.rotateKey(at: now) }

    /// Changes how many are let in, and how fast. Those who are in stay.
    package func change(_ limits: AdmissionLimits) {
        state.withLock { state in
            state.table.limits = limits
            state.rates.change(limits)
        }
    }

    /// Lets nobody new in, or lets connections in again.
    package func setDraining(_ isDraining: Bool) {
        state.withLock { $0.table.isDraining = isDraining }
    }

    /// Where the connections of all services come from.
    package var sourceLevels: SourceLevels { census.levels }

    /// The table that arrivals are counted in by source.
    package var tableLevels: LimitTableLevels {
        state.withLock { state in
            LimitTableLevels(
                entries: state.rates.sourceCount,
                capacity: ArrivalRates.capacity,
                evictions: state.rates.evictions
            )
        }
    }

    fileprivate func handshakeEnded(_ source: SourceID?) {
        state.withLock { $0.table.handshakeEnded(source) }
    }

    fileprivate func left(_ source: SourceID?, isUnfinished: Bool) {
        state.withLock { $0.table.left(source, isUnfinished: isUnfinished) }
        census.left(source)
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
