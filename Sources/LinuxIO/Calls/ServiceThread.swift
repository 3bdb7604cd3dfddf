internal import CLinux
internal import Glibc

/// Starts threads with names that `top -H` and core dumps show.
package enum ServiceThread {
    /// Runs `body` on a new thread, which nobody joins: `body` tells whoever waits for it that it is done.
    ///
    /// Signals stay with the threads that were there before: they are blocked in the new one.
    ///
    /// - Parameter name: At most 15 bytes, which is what the kernel keeps.
    /// - Throws: When the process may have no more threads.
    package static func start(name: String, _ body: @escaping @Sendable () -> Void) throws(ErrorNumber) {
        let work = Unmanaged.passRetained(Work(name: name, body: body))
        var everySignal = sigset_t()
        var before = sigset_t()
        sigfillset(&everySignal)
        pthread_sigmask(SIG_BLOCK, &everySignal, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }

        var thread = pthread_t()
        let result = pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument else { return nil }
                let work = Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
                pthread_setname_np(pthread_self(), work.name)
                work.body()
                return nil
            },
            work.toOpaque()
        )
        guard result == 0 else {
            work.release()
            throw ErrorNumber(result)
        }
        pthread_detach(thread)
    }

    private final class Work: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = String(decoding: name.utf8.prefix(15), as: UTF8.self)
            self.body = body
        }
    }
}
