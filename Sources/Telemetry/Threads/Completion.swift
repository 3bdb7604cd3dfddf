import Synchronization

/// Something that happens once, told by a thread and waited for by tasks.
final class Completion: Sendable {
    private struct State {
        var isComplete = false
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        /// Waiters whose time was over before they had begun to wait.
        var expired: Set<Int> = []
        var nextWaiter = 0
    }

    private let state = Mutex(State())

    /// It has happened. From any thread.
    func complete() {
        let waiters = state.withLock { state in
            state.isComplete = true
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.resume() }
    }

    func wait() async {
        await wait(as: makeWaiter())
    }

    /// - Returns: Whether it has happened before `timeout` was over.
    func wait(upTo timeout: Duration) async -> Bool {
        let waiter = makeWaiter()
        let alarm = Task {
            try await Task.sleep(for: timeout)
            expire(waiter)
        }
        await wait(as: waiter)
        alarm.cancel()
        return state.withLock { $0.isComplete }
    }

    private func makeWaiter() -> Int {
        state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
    }

    private func wait(as waiter: Int) async {
        await withCheckedContinuation { continuation in
            let mustWait = state.withLock { state in
                guard !state.isComplete, state.expired.remove(waiter) == nil else { return false }
                state.waiters[waiter] = continuation
                return true
            }
            if !mustWait { continuation.resume() }
        }
    }

    private func expire(_ waiter: Int) {
        let continuation = state.withLock { state in
            if state.waiters[waiter] == nil { state.expired.insert(waiter) }
            return state.waiters.removeValue(forKey: waiter)
        }
        continuation?.resume()
    }
}
