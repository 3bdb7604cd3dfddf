import Synchronization

/// Where a loop answers what it was asked. Whoever waits is answered once, at the latest when the loop has ended and forgotten
/// the question.
final class LoopAnswer<Value: Sendable>: Sendable {
    private let continuation: Mutex<CheckedContinuation<Value?, Never>?>

    init(_ continuation: CheckedContinuation<Value?, Never>) {
        self.continuation = Mutex(continuation)
    }

    deinit { give(nil) }

    func give(_ value: Value?) {
        let waiting = continuation.withLock { $0.take() }
        waiting?.resume(returning: value)
    }
}
