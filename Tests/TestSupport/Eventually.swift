/// The deadline of a test's wait has passed.
package struct ConditionNotMet: Error, CustomStringConvertible {
    /// What was waited for.
    package let condition: String
    package let deadline: Duration

    package init(condition: String, deadline: Duration) {
        self.condition = condition
        self.deadline = deadline
    }

    package var description: String { "\(condition): still not so after \(deadline)" }
}

/// Waits until `body` returns a value, looking again every few milliseconds.
///
/// - Parameters:
///   - condition: What is waited for, for the failure's text.
///   - deadline: How long to go on; generous, since it is only ever reached by a failure.
/// - Returns: The first value that was not `nil`.
/// - Throws: ``ConditionNotMet`` at the deadline, or what `body` throws.
package func eventually<Value>(
    _ condition: String,
    within deadline: Duration = .seconds(20),
    _ body: () async throws -> Value?
) async throws -> Value {
    let clock = ContinuousClock()
    let end = clock.now + deadline
    while true {
        if let value = try await body() { return value }
        guard clock.now < end else { throw ConditionNotMet(condition: condition, deadline: deadline) }
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// Waits until `body` returns `true`; otherwise as ``eventually(_:within:_:)-value``.
package func eventually(
    _ condition: String,
    within deadline: Duration = .seconds(20),
    isTrue body: () async throws -> Bool
) async throws {
    try await eventually(condition, within: deadline) { try await body() ? () : nil }
}
