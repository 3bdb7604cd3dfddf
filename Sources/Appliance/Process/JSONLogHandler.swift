internal import Admin
internal import Glibc
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
        var members: [JSONValue.Member] = [
            .init("time", .string(LineLogHandler.timestamp(of: Glibc.time(nil)))),
            .init("level", .string(event.level.rawValue)),
            .init("part", .string(label)),
            .init("message", .string(event.message.description)),
        ]
        let details = metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }).sorted { $0.key < $1.key }
        if !details.isEmpty {
            members.append(.init("metadata", .object(details.map { .init($0.key, .string("\($0.value)")) })))
        }
        output.write(Array((JSONValue.object(members).text + "\n").utf8))
    }
}
