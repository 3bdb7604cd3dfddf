package import Observations
import Dispatch
import Synchronization
package import WormholeWire

/// Whether the state of the services agrees with itself: asked by the clock, and by people.
///
/// The services look for themselves, on their own loops; this asks them, counts what they find, and keeps the last answer.
package final class ConsistencyChecks: Sendable {
    /// What one check has found.
    package struct Report: Equatable, Sendable {
        package let finished: Timestamp
        package let duration: Duration
        package let findings: [InvariantFinding]
    }

    private struct State {
        var audit: (@Sendable () async -> [InvariantFinding])?
        var running: Task<Report?, Never>?
        var clock: Task<Void, Never>?
    }

    private let reporter: ObservationReporter
    private let state = Mutex(State())

    init(reporter: ObservationReporter) {
        self.reporter = reporter
    }

    /// Begins to check, again and again.
    ///
    /// - Parameters:
    ///   - interval: Between two checks, and before the first.
    ///   - audit: Asks the services.
    package func start(every interval: Duration, _ audit: @escaping @Sendable () async -> [InvariantFinding]) {
        state.withLock { state in
            state.audit = audit
            state.clock = Task {
                while (try? await Task.sleep(for: interval)) != nil { _ = await self.run() }
            }
        }
    }

    /// Checks no more. Returns when no check is under way.
    package func stop() async {
        let (clock, running) = state.withLock { state in
            state.audit = nil
            defer { state.clock = nil }
            return (state.clock, state.running)
        }
        clock?.cancel()
        await clock?.value
        _ = await running?.value
    }

    /// Checks now, or waits for the check that is under way.
    ///
    /// - Returns: `nil` when the services do not run.
    package func run() async -> Report? { await task().value }

    /// As ``run()``, for a thread that has nothing better to do.
    ///
    /// - Returns: `nil` when the services do not run, or a loop of theirs does not answer in time.
    package func run(upTo timeout: Duration) -> Report? {
        let answer = Answer()
        Task {
            let report = await run()
            answer.report.withLock { $0 = report }
            answer.isThere.signal()
        }
        guard answer.isThere.wait(timeout: .now() + timeout.seconds) == .success else { return nil }
        return answer.report.withLock { $0 }
    }

    /// On its way from a task to a thread.
    private final class Answer: Sendable {
        let report = Mutex<Report?>(nil)
        let isThere = DispatchSemaphore(value: 0)
    }

    private func task() -> Task<Report?, Never> {
        state.withLock { state in
            if let running = state.running { return running }
            let audit = state.audit
            let task = Task { () -> Report? in
                let report = await self.report(of: audit)
                self.state.withLock { $0.running = nil }
                return report
            }
            state.running = task
            return task
        }
    }

    private func report(of audit: (@Sendable () async -> [InvariantFinding])?) async -> Report? {
        guard let audit else { return nil }
        let start = MonotonicClock.nanoseconds
        let findings = await audit()
        let duration = MonotonicClock.duration(since: start)
        for finding in findings { reporter.report(.invariantViolated(finding.check)) }
        reporter.report(.maintenanceFinished(.consistency, succeeded: true, duration: duration))
        return Report(finished: WallClock.now, duration: duration, findings: findings)
    }
}
