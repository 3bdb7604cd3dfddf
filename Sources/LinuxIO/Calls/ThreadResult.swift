internal import Dispatch
internal import Synchronization

/// What a thread of its own finds out while the one who wants to know does something else.
package final class ThreadResult<Value: Sendable>: Sendable {
    private let result = Mutex<Result<Value, any Error>?>(nil)
    private let isThere = DispatchSemaphore(value: 0)

    /// Begins at once. Where the process may have no more threads, `work` is done here and now.
    ///
    /// - Parameter name: Of the thread; at most 15 bytes.
    package init(of name: String, _ work: @escaping @Sendable () throws -> Value) {
        let run = { @Sendable [self] in
            keep(Result(catching: work))
            isThere.signal()
        }
        do throws(ErrorNumber) {
            try ServiceThread.start(name: name, run)
        } catch {
            run()
        }
    }

    /// By itself, so that who signals holds nothing any more.
    private func keep(_ found: Result<Value, any Error>) {
        result.withLock { $0 = found }
    }

    /// Waits for the end of the work, blocks the calling thread for as long, and hands over what there is. Once.
    ///
    /// - Throws: What the work threw.
    package func take() throws -> Value {
        isThere.wait()
        guard let result = result.withLock({ $0.take() }) else { preconditionFailure("a result is taken once") }
        return try result.get()
    }
}
