package import Logging
internal import Telemetry

/// Writes the service's own log, one line for each message, for people.
///
///     2026-11-21T10:00:00+0000 [transit] Transit starting on 4001
///     2026-11-21T10:00:00+0000 [mailbox] warning: the usage database is locked
///
/// The time is UTC. Line breaks and other control characters inside a message become spaces, so that a line is always a
/// message. It leaves in one piece, so that lines of several threads never mix.
package struct LineLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    private let output: LogOutput
    private let label: String
    private var own: Logger.Level?

    /// - Parameter label: The part of the server that speaks.
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
        output.write(LogFormat.text.line(event.level, from: label, event.message.description, details))
    }
}
