internal import LinuxIO
internal import Logging
internal import Observations
internal import Synchronization
internal import Telemetry

/// The server as its own client: again and again a rendezvous and a relayed transfer through the public listeners.
///
/// It has a thread of its own, for it must not depend on what it tests, and each test has a time after which it has failed.
final class SelfTest: Sendable {
    /// What one test may take.
    static let timeout = Duration.seconds(10)
    /// What one that is under way may still take when the server stops: broken off, it would leave a mailbox behind.
    private static let grace = Duration.seconds(1)

    private let subject: SelfTestSubject
    private let interval: Duration
    private let timeout: Duration
    private let reporter: ObservationReporter
    private let logger: Logger
    /// No further test.
    private let stopSignal: EventSignal
    /// Not even the one that is under way.
    private let abortSignal: EventSignal
    private let state = Mutex(State())

    private struct State {
        var isRunning = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    /// - Parameter interval: From the end of one round to the next, and before the first.
    init(
        of subject: SelfTestSubject,
        every interval: Duration,
        timeout: Duration = SelfTest.timeout,
        reporter: ObservationReporter,
        logger: Logger
    ) throws(ErrorNumber) {
        self.subject = subject
        self.interval = interval
        self.timeout = timeout
        self.reporter = reporter
        self.logger = logger
        stopSignal = try EventSignal()
        abortSignal = try EventSignal()
    }

    /// Begins. Call once.
    func start() throws(ErrorNumber) {
        state.withLock { $0.isRunning = true }
        do throws(ErrorNumber) {
            try ServiceThread.start(name: "self-test") {
                self.run()
                self.end()
            }
        } catch {
            end()
            throw error
        }
    }

    /// Ends, in the middle of a test if that takes long; that one is not counted.
    func stop() async {
        stopSignal.raise()
        let abort = Task {
            try await Task.sleep(for: Self.grace)
            abortSignal.raise()
        }
        defer { abort.cancel() }
        await withCheckedContinuation { continuation in
            let isRunning = state.withLock { state in
                if state.isRunning { state.waiting.append(continuation) }
                return state.isRunning
            }
            if !isRunning { continuation.resume() }
        }
    }

    private func end() {
        let waiting = state.withLock { state in
            state.isRunning = false
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    private func run() {
        var failing: Set<SelfTestProbe> = []
        while (try? ClientSocket.Patience(interval, unless: stopSignal).wait()) != nil {
            for probe in SelfTestProbe.allCases {
                guard let failure = test(probe) else { return }
                // Said once, when it begins and when it ends; the metrics count on.
                if let failure, failing.insert(probe).inserted {
                    logger.warning("the self-test of the \(probe.rawValue) fails: \(failure)")
                } else if failure == nil, failing.remove(probe) != nil {
                    logger.notice("the self-test of the \(probe.rawValue) succeeds again")
                }
            }
        }
    }

    /// - Returns: Why it has failed, if it has; nothing at all when it was stopped.
    private func test(_ probe: SelfTestProbe) -> ProbeError?? {
        let start = SystemClock.monotonicNanoseconds
        var failure: ProbeError?
        do throws(ProbeError) {
            guard try subject.run(probe, ClientSocket.Patience(timeout, unless: abortSignal)) else { return .some(nil) }
        } catch {
            if case .network(.cancelled) = error { return nil }
            failure = error
        }
        let duration = Duration.nanoseconds(SystemClock.monotonicNanoseconds - start)
        reporter.report(.selfTestFinished(probe, succeeded: failure == nil, duration: duration))
        return .some(failure)
    }
}
