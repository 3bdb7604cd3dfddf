/// Where one event loop says, about once a second, that it still turns.
package protocol LoopPulse: Sendable {
    /// The loop has come round.
    ///
    /// - Parameter lateness: How much later than planned its timer fired.
    func beat(late lateness: Duration)

    /// The loop has ended as it should, and is watched no longer.
    func retire()
}

extension LoopPulse where Self == UnwatchedPulse {
    /// For loops that nobody watches, such as those of tests.
    package static var unwatched: UnwatchedPulse { UnwatchedPulse() }
}

/// A pulse that nobody feels.
package struct UnwatchedPulse: LoopPulse {
    package func beat(late lateness: Duration) {}
    package func retire() {}
}
