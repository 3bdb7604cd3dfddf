internal import Synchronization

/// Something with one owner, on its way from one thread to another.
final class Handover<Value: ~Copyable & Sendable>: Sendable {
    private let value: Mutex<Value?>

    init(_ value: consuming Value?) {
        self.value = Mutex(value)
    }

    /// - Returns: `nil` when it was taken before, or was never there.
    func take() -> Value? { value.withLock { $0.take() } }
}
