import LinuxIO
import Synchronization
import Telemetry

/// Reads the usage database for the page, once for everybody who looks at it, and lets nobody wait for long: while it is
/// locked, the page shows what was read before, and says so.
final class PastReader: Sendable {
    struct Answer: Sendable {
        /// What was read last; `nil` when nothing has been.
        var past: Past?
        /// Why it is not of now; a sentence.
        var problem: String?
    }

    /// For so long what was read is as good as new.
    private static let freshness = Duration.seconds(4)
    private static let patience = Duration.milliseconds(500)

    private struct State {
        var answer = Answer()
        /// When it was read, in monotonic nanoseconds.
        var finished: UInt64?
        var isReading = false
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter = 0
    }

    private let state = Mutex(State())

    func answer(_ telemetry: Telemetry) async -> Answer {
        guard let path = telemetry.usageDatabasePath else { return Answer(problem: "There is no usage database.") }
        let (isFresh, mustRead) = state.withLock { state in
            let age = state.finished.map { MonotonicClock.duration(since: $0) }
            let isFresh = age.map { $0 < Self.freshness } ?? false
            let mustRead = !isFresh && !state.isReading
            if mustRead { state.isReading = true }
            return (isFresh, mustRead)
        }
        if mustRead { Task { await self.read(path, now: telemetry.now) } }
        if !isFresh { await wait() }
        return state.withLock { state in
            var answer = state.answer
            if !isFresh, state.isReading {
                answer.problem = "The usage database does not answer; another program may have locked it."
            }
            return answer
        }
    }

    private func read(_ path: String, now: Double) async {
        let result: Result<Past, AdminRefusal>
        do throws(AdminRefusal) {
            let past = try await UsageRoute.reading(path) { (history) throws(TelemetryError) in
                try Past(history, now: now)
            }
            result = .success(past)
        } catch {
            result = .failure(error)
        }
        let waiting = state.withLock { state in
            switch result {
            case .success(let past): state.answer = Answer(past: past)
            case .failure(let refusal): state.answer.problem = "The usage database cannot be read: \(refusal.text)."
            }
            state.finished = MonotonicClock.nanoseconds
            state.isReading = false
            defer { state.waiting = [:] }
            return state.waiting
        }
        for continuation in waiting.values { continuation.resume() }
    }

    /// Until the reading is over, or patience is.
    private func wait() async {
        await withCheckedContinuation { continuation in
            let number: Int? = state.withLock { state in
                guard state.isReading else { return nil }
                state.nextWaiter += 1
                state.waiting[state.nextWaiter] = continuation
                return state.nextWaiter
            }
            guard let number else { return continuation.resume() }
            Task {
                try? await Task.sleep(for: Self.patience)
                state.withLock { $0.waiting.removeValue(forKey: number) }?.resume()
            }
        }
    }
}
