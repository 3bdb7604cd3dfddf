import Dispatch
import Glibc
import Synchronization

/// Runs a test's end of a connection on a thread of its own, so that tests which keep the processors busy cannot make a
/// client look dead to its server.
final class WebSocketTestExecutor: SerialExecutor {
    /// What the thread and the executor share; the thread outlives the executor by one wake-up.
    private final class Work: Sendable {
        private struct State {
            var jobs: [@Sendable () -> Void] = []
            var isOver = false
        }

        private let state = Mutex(State())
        private let wakeUp = DispatchSemaphore(value: 0)

        func add(_ job: @escaping @Sendable () -> Void) {
            state.withLock { $0.jobs.append(job) }
            wakeUp.signal()
        }

        func finish() {
            state.withLock { $0.isOver = true }
            wakeUp.signal()
        }

        func run() {
            while true {
                wakeUp.wait()
                let job = state.withLock { $0.jobs.isEmpty ? nil : $0.jobs.removeFirst() }
                if let job { job() } else if state.withLock({ $0.isOver }) { return }
            }
        }
    }

    private let work = Work()

    init() {
        var thread = pthread_t()
        let argument = Unmanaged.passRetained(work).toOpaque()
        let result = pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            },
            argument
        )
        precondition(result == 0, "no thread for a test connection: \(result)")
        pthread_detach(thread)
    }

    deinit { work.finish() }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedSerialExecutor()
        work.add { [self] in withExtendedLifetime(self) { job.runSynchronously(on: executor) } }
    }

    /// Lets others on this executor have their turn.
    func yield() async {
        await withUnsafeContinuation { continuation in work.add { continuation.resume() } }
    }
}
