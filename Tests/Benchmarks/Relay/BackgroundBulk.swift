import Glibc
import LinuxIO
import Synchronization

/// Bulk data through a few pairs, on a thread of its own, beside what else is measured.
final class BackgroundBulk: Sendable {
    private let shouldStop = Atomic(false)
    private let outcome = Mutex<Outcome?>(nil)

    private struct Outcome {
        let bytes: Int
        let failure: BenchmarkError?
    }

    /// What goes to the thread. Nobody else touches it from then on.
    private struct Load: @unchecked Sendable {
        let loop: LoadLoop
        let ends: [BulkEnd]
    }

    /// Moves as much as it can until ``stop()``.
    ///
    /// - Parameter relayed: Handed over to the thread until ``stop()`` has returned.
    convenience init(_ relayed: RelayPairs, pairs: Int) throws(BenchmarkError) {
        var ends: [BulkEnd] = []
        for pair in try relayed.open(pairs) {
            ends.append(BulkEnd(pair.one, toSend: .max, toReceive: 0))
            ends.append(BulkEnd(pair.other, toSend: 0, toReceive: .max))
        }
        try self.init(ends, on: relayed.loop)
    }

    /// Has the ends do what they are for.
    ///
    /// - Parameters:
    ///   - ends: Not started yet. Handed over to the thread, and closed by it.
    ///   - loop: Theirs, handed over as well, until ``wait()`` or ``stop()`` has returned.
    init(_ ends: [BulkEnd], on loop: LoadLoop) throws(BenchmarkError) {
        let load = Load(loop: loop, ends: ends)
        do throws(ErrorNumber) {
            try ServiceThread.start(name: "bulk") { [self] in run(load) }
        } catch {
            throw BenchmarkError("thread: \(error)")
        }
    }

    /// Ends the transfers.
    ///
    /// - Returns: How many bytes arrived.
    func stop() throws(BenchmarkError) -> Int {
        shouldStop.store(true, ordering: .releasing)
        return try wait()
    }

    /// Waits until the ends are done.
    ///
    /// - Returns: How many bytes arrived.
    func wait() throws(BenchmarkError) -> Int {
        while true {
            if let outcome = outcome.withLock({ $0 }) {
                if let failure = outcome.failure { throw failure }
                return outcome.bytes
            }
            // The loop looks every few milliseconds, and ends by itself when it is stuck.
            usleep(1_000)
        }
    }

    private func run(_ load: Load) {
        var failure: BenchmarkError?
        do throws(BenchmarkError) {
            for end in load.ends { try end.start() }
            try load.loop.run("bulk data") { () throws(BenchmarkError) in
                shouldStop.load(ordering: .acquiring) || load.ends.allSatisfy(\.isDone)
            }
        } catch {
            failure = error
        }
        let bytes = load.ends.reduce(0) { $0 + $1.received }
        for end in load.ends { end.close() }
        outcome.withLock { [failure] in $0 = Outcome(bytes: bytes, failure: failure) }
    }
}
