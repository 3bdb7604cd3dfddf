package import Logging
internal import Telemetry

/// Writes the service's own log as one JSON object a line, for programs.
///
///     {"time": "2026-11-21T10:00:00+0000", "level": "info", "part": "transit", "message": "Transit starting on 4001"}
///
/// What a message carries besides its text follows as members of `metadata`. The time is UTC.
package struct JSONLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    private let output: LogOutput
    private let label: String
    private var own: Logger.Level?

    package init(label: String, output: LogOutput) {
        self.label = label
        self.output = output
    }

    package var logLevel: Logger.Level {
        get { own ?? output.levels.level }
        set { own = newValue }
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        output.counts?.count(event.level)
        let details = metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 })
        output.write(LogFormat.json.line(event.level, from: label, event.message.description, details))
    }
}
