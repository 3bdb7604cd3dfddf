internal import LinuxIO
package import Observations
internal import Synchronization

/// Where the open connections of all services come from, what their networks are called, and which may come at all: shared by
/// the doorkeepers of a process, so that one who uses two services is one source.
///
/// Told when a connection comes and when it goes: the lock is not on the way of any byte.
package final class SourceCensus: Sendable {
    /// How long the key that addresses are hashed with lives. Connections keep the name they came with.
    private static let keyLife: Int64 = 86_400 * 1_000_000_000

    package let rules = AccessRules()
    private let state: Mutex<State>

    private struct State {
        var key = Self.freshKey
        var keyEnds: Int64
        var connections = 0
        var bySource: [SourceID: Int] = [:]
        var ofBusiest = HighestCount()

        static var freshKey: (UInt64, UInt64) { (.random(in: 0 ... .max), .random(in: 0 ... .max)) }
    }

    package init() {
        state = Mutex(State(keyEnds: SystemClock.monotonicNanoseconds + Self.keyLife))
    }

    /// What a network is called now. SipHash, which is what the standard library's hasher is, with a key of our own.
    func name(of network: SourceNetwork) -> SourceID {
        let key = state.withLock { $0.key }
        var hasher = Hasher()
        hasher.combine(key.0)
        hasher.combine(network)
        hasher.combine(key.1)
        return SourceID(hash: UInt64(bitPattern: Int64(hasher.finalize())))
    }

    /// Hashes addresses with a new key from now on, when the old one has lived long enough. To be called now and then.
    ///
    /// - Parameter now: ``SystemClock/monotonicNanoseconds``.
    /// - Returns: Whether it was time.
    func rotateKey(at now: Int64) -> Bool {
        state.withLock { state in
            guard state.keyEnds <= now else { return false }
            state.key = State.freshKey
            state.keyEnds = now + Self.keyLife
            return true
        }
    }

    /// A connection is in.
    ///
    /// - Parameter source: `nil` for one that is not counted by source.
    func entered(_ source: SourceID?) {
        state.withLock { state in
            state.connections += 1
            guard let source else { return }
            let count = state.bySource[source, default: 0] + 1
            state.bySource[source] = count
            state.ofBusiest.rose(to: count)
        }
    }

    /// It is closed.
    func left(_ source: SourceID?) {
        state.withLock { state in
            state.connections -= 1
            guard let source, let before = state.bySource[source] else { return }
            state.ofBusiest.fell(to: before - 1)
            state.bySource[source] = before == 1 ? nil : before - 1
        }
    }

    /// Where the connections of all services come from now.
    package var levels: SourceLevels {
        state.withLock { state in
            SourceLevels(
                connections: state.connections,
                sources: state.bySource.count,
                ofBusiest: state.ofBusiest.highest
            )
        }
    }
}
