package import Logging
import Synchronization

/// How many lines the server's own log has had, by level. Any thread counts, and any reads.
package final class LogCounts: Sendable {
    private let debug = Atomic<Int>(0)
    private let info = Atomic<Int>(0)
    private let warning = Atomic<Int>(0)
    private let error = Atomic<Int>(0)
    private let lost = Atomic<Int>(0)

    package init() {}

    /// A line was written.
    package func count(_ level: Logger.Level) {
        switch level {
        case .trace, .debug: debug.wrappingAdd(1, ordering: .relaxed)
        case .info, .notice: info.wrappingAdd(1, ordering: .relaxed)
        case .warning: warning.wrappingAdd(1, ordering: .relaxed)
        case .error, .critical: error.wrappingAdd(1, ordering: .relaxed)
        }
    }

    /// A line was left out, because whoever reads the log did not take it in time.
    package func drop() { lost.wrappingAdd(1, ordering: .relaxed) }

    /// Lines that were left out.
    package var dropped: Int { lost.load(ordering: .relaxed) }

    func value(_ level: LogLevel) -> Int {
        switch level {
        case .debug: debug.load(ordering: .relaxed)
        case .info: info.load(ordering: .relaxed)
        case .warning: warning.load(ordering: .relaxed)
        case .error: error.load(ordering: .relaxed)
        }
    }
}
