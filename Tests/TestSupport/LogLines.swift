package import Logging
import Synchronization

/// Everything a logger was told.
package final class LogLines: Sendable {
    private let lines = Mutex<[(level: Logger.Level, text: String)]>([])
    private let level: Logger.Level

    /// - Parameter level: The lowest level that is kept.
    package init(from level: Logger.Level = .trace) {
        self.level = level
    }

    package var all: [String] { lines.withLock { $0.map(\.text) } }

    /// What an operator is to worry about.
    package var warnings: [String] { lines.withLock { $0.filter { $0.level >= .warning }.map(\.text) } }

    package var logger: Logger { Logger(label: "test") { _ in Handler(lines: self, logLevel: self.level) } }

    private struct Handler: LogHandler {
        let lines: LogLines
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level

        init(lines: LogLines, logLevel: Logger.Level) {
            self.lines = lines
            self.logLevel = logLevel
        }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            lines.lines.withLock { $0.append((event.level, "\(event.message)")) }
        }
    }
}
