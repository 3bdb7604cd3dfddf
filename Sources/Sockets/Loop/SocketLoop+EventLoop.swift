package import Dispatch
package import NIOCore

/// The interface of NIO's event loops.
extension SocketLoop: EventLoop {
    package func submit<T>(_ task: @escaping @Sendable () throws -> T) -> EventLoopFuture<T> {
        guard !hasEnded else { return makeFailedFuture(EventLoopError.shutdown) }
        let promise = makePromise(of: T.self)
        execute { promise.complete(with: task) }
        return promise.futureResult
    }

    @discardableResult
    package func scheduleTask<T>(
        deadline: NIODeadline,
        _ task: @escaping @Sendable () throws -> T
    ) -> Scheduled<T> {
        _scheduleTaskIsolatedUnsafeUnchecked(deadline: deadline, task)
    }

    @discardableResult
    package func scheduleTask<T>(in delay: TimeAmount, _ task: @escaping @Sendable () throws -> T) -> Scheduled<T> {
        scheduleTask(deadline: now + delay, task)
    }

    package func _executeIsolatedUnsafeUnchecked(_ task: @escaping () -> Void) {
        executeHere(task)
    }

    @discardableResult
    package func _scheduleTaskIsolatedUnsafeUnchecked<T>(
        in delay: TimeAmount,
        _ task: @escaping () throws -> T
    ) -> Scheduled<T> {
        _scheduleTaskIsolatedUnsafeUnchecked(deadline: now + delay, task)
    }

    @discardableResult
    package func _scheduleTaskIsolatedUnsafeUnchecked<T>(
        deadline: NIODeadline,
        _ task: @escaping () throws -> T
    ) -> Scheduled<T> {
        let promise = makePromise(of: T.self)
        let timer = TaskTimer(
            work: { promise.complete(with: task) },
            cancelled: { promise.fail(EventLoopError.cancelled) }
        )
        if inEventLoop {
            set(timer, at: deadline)
        } else if !post({ self.set(timer, at: deadline) }) {
            promise.fail(EventLoopError.shutdown)
        }
        return Scheduled(promise: promise) {
            if self.inEventLoop { self.cancel(timer) } else { _ = self.post { self.cancel(timer) } }
        }
    }

    package func shutdownGracefully(queue: DispatchQueue, _ callback: @escaping @Sendable ((any Error)?) -> Void) {
        stop { queue.async { callback(nil) } }
    }
}

extension EventLoopPromise {
    /// On its loop.
    fileprivate func complete(with task: () throws -> Value) {
        do { assumeIsolated().succeed(try task()) } catch { fail(error) }
    }
}

/// A task that is due at a time.
///
/// `@unchecked Sendable`: made anywhere, but touched on its loop only.
final class TaskTimer: LoopTimer, @unchecked Sendable {
    private let work: () -> Void
    /// Tells whoever waits for the task that it will not be done.
    let cancelled: () -> Void

    init(work: @escaping () -> Void, cancelled: @escaping () -> Void) {
        self.work = work
        self.cancelled = cancelled
    }

    override func fire() { work() }
}
