internal import Glibc
package import Logging
internal import Telemetry

/// Writes the service's own log, one line for each message, for people.
///
///     2026-11-21T10:00:00+0000 [transit] Transit starting on 4001
///     2026-11-21T10:00:00+0000 [mailbox] warning: the usage database is locked
///
/// The time is UTC. Line breaks and other control characters inside a message become spaces, so that a line is always a
/// message. The system call is write(2): one for each line, so that lines of several threads never mix.
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
        var text = "\(Self.timestamp(of: Glibc.time(nil))) [\(label)] "
        if event.level >= .warning { text += "\(event.level): " }
        text += event.message.description
        for (key, value) in metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }).sorted(by: {
            $0.key < $1.key
        }) {
            text += " \(key)=\(value)"
        }
        output.write(text.utf8.map { $0 < 0x20 || $0 == 0x7F ? 0x20 : $0 } + [0x0A])
    }

    /// A time as `2026-11-21T10:00:00+0000`.
    static func timestamp(of time: time_t) -> String {
        var time = time
        var parts = tm()
        gmtime_r(&time, &parts)
        var buffer = [CChar](repeating: 0, count: 32)
        let length = strftime(&buffer, buffer.count, "%Y-%m-%dT%H:%M:%S+0000", &parts)
        return String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
