internal import Observations
internal import Synchronization

/// Where a loop says what it found wrong. Whoever waits is answered once, at the latest when the loop has ended and forgotten
/// the question.
final class AuditAnswer: Sendable {
    private let continuation: Mutex<CheckedContinuation<[InvariantFinding], Never>?>

    init(_ continuation: CheckedContinuation<[InvariantFinding], Never>) {
        self.continuation = Mutex(continuation)
    }

    deinit { give([]) }

    func give(_ findings: [InvariantFinding]) {
        let waiting = continuation.withLock { $0.take() }
        waiting?.resume(returning: findings)
    }
}
