internal import Synchronization

/// Something with one owner, on its way to another: from one thread to the next, or in an array, which holds only what can be
/// copied.
package final class Handover<Value: ~Copyable & Sendable>: Sendable {
    private let value: Mutex<Value?>

    package init(_ value: consuming Value?) {
        self.value = Mutex(value)
    }

    /// - Returns: `nil` when it was taken before, or was never there.
    package func take() -> Value? { value.withLock { $0.take() } }
}
