/// Why a measurement cannot go on: a wrong reply, a server that did not start, a wait that was too long.
struct BenchmarkError: Error, CustomStringConvertible {
    /// One line, for people.
    let reason: String

    init(_ reason: String) {
        self.reason = reason
    }

    var description: String { reason }
}
