import Glibc
import Synchronization

/// One operating-system thread for work that may block, such as a database call or a write to a slow reader.
///
/// It takes no signals: those are for the main thread, and a write to a pipe without a reader becomes an ordinary error.
package final class WorkerThread: Sendable {
    private let ended = Completion()

    /// Starts running `body`, which must return when its owner asks it to.
    ///
    /// - Parameter name: What `top -H` and a debugger show, at most 15 bytes.
    package init(name: String, body: @escaping @Sendable () -> Void) {
        let start = Start(name: name, ended: ended, body: body)
        var thread = pthread_t()
        let result = pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            },
            Unmanaged.passRetained(start).toOpaque()
        )
        precondition(result == 0, "no thread could be started: error \(result)")
        pthread_detach(thread)
    }

    /// Waits until the body has returned.
    package func waitForEnd() async { await ended.wait() }

    /// Waits until the body has returned or the time is over.
    ///
    /// - Returns: Whether it has returned.
    package func waitForEnd(upTo timeout: Duration) async -> Bool { await ended.wait(upTo: timeout) }

    /// What the new thread needs; it owns it.
    private final class Start: Sendable {
        let name: String
        let ended: Completion
        let body: @Sendable () -> Void

        init(name: String, ended: Completion, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.ended = ended
            self.body = body
        }

        func run() {
            var all = sigset_t()
            sigfillset(&all)
            pthread_sigmask(SIG_BLOCK, &all, nil)
            setName()
            body()
            ended.complete()
        }

        /// Through /proc, for the function that does it is a GNU extension Swift does not see. Without /proc there is no
        /// name, and nothing else is different.
        private func setName() {
            let descriptor = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
            guard descriptor >= 0 else { return }
            _ = write(descriptor, name, name.utf8.count)
            close(descriptor)
        }
    }
}
