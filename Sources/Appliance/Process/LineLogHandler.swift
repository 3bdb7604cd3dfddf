internal import Glibc
package import Logging
package import Telemetry

/// Writes the service's own log to standard error, one line for each message.
///
///     2026-11-21T10:00:00+0000 [transit] Transit starting on 4001
///     2026-11-21T10:00:00+0000 [mailbox] warning: the usage database is locked
///
/// The time is UTC. Line breaks and other control characters inside a message become spaces, so that a line is always a
/// message. The system call is write(2): one for each line, so that lines of several threads never mix.
package struct LineLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    private let label: String
    private let counts: LogCounts?
    private let write: @Sendable ([UInt8]) -> Void

    /// - Parameters:
    ///   - label: The part of the server that speaks.
    ///   - counts: Where lines are counted.
    ///   - write: Where lines go; standard error unless a test listens.
    package init(
        label: String,
        level: Logger.Level = .info,
        counts: LogCounts? = nil,
        write: @escaping @Sendable ([UInt8]) -> Void = LineLogHandler.writeToStandardError
    ) {
        self.label = label
        logLevel = level
        self.counts = counts
        self.write = write
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        counts?.count(event.level)
        var text = "\(Self.timestamp(of: Glibc.time(nil))) [\(label)] "
        if event.level >= .warning { text += "\(event.level): " }
        text += event.message.description
        for (key, value) in metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }).sorted(by: {
            $0.key < $1.key
        }) {
            text += " \(key)=\(value)"
        }
        write(text.utf8.map { $0 < 0x20 || $0 == 0x7F ? 0x20 : $0 } + [0x0A])
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

    /// A lost log line is no reason to stop: what the system refuses is left out.
    package static let writeToStandardError: @Sendable ([UInt8]) -> Void = { line in
        _ = line.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
