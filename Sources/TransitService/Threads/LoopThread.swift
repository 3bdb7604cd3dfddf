internal import LinuxIO
internal import Synchronization

/// A loop that owns what it works on and runs on a thread of its own.
protocol ServiceLoop: SendableMetatype {
    /// Works until it was told to stop and everything is over.
    func run()
}

/// The thread of one loop, for whoever waits for its end.
final class LoopThread: Sendable {
    private let state = Mutex(State())

    private struct State {
        var hasEnded = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private init() {}

    /// Starts a thread, makes the loop on it, and has it run.
    ///
    /// - Returns: When the loop is made and begins to run.
    /// - Throws: What `make` throws, or that there may be no more threads.
    static func start<Loop: ServiceLoop>(
        name: String,
        _ make: @escaping @Sendable () throws(ErrorNumber) -> Loop
    ) async throws -> LoopThread {
        let thread = LoopThread()
        try await withCheckedThrowingContinuation { (started: CheckedContinuation<Void, any Error>) in
            do throws(ErrorNumber) {
                try ServiceThread.start(name: name) {
                    thread.live(make, started: started)
                    thread.end()
                }
            } catch {
                started.resume(throwing: error)
            }
        }
        return thread
    }

    /// Returns when the loop has ended and everything it owned is gone. From any task, any number of times.
    func ended() async {
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                if !state.hasEnded { state.waiting.append(continuation) }
                return state.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
    }

    private func live<Loop: ServiceLoop>(
        _ make: () throws(ErrorNumber) -> Loop,
        started: CheckedContinuation<Void, any Error>
    ) {
        do throws(ErrorNumber) {
            let loop = try make()
            started.resume()
            loop.run()
        } catch {
            started.resume(throwing: error)
        }
    }

    private func end() {
        let waiting = state.withLock { state in
            state.hasEnded = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
