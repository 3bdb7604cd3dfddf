internal import Admin
internal import Glibc
internal import Logging

/// How lines of the log are written.
package enum LogFormat: String, CaseIterable, Sendable {
    /// For people.
    case text
    /// For programs.
    case json

    /// A line, with its line break. See ``LineLogHandler`` and ``JSONLogHandler`` for the two shapes.
    ///
    /// - Parameter label: The part of the server that speaks.
    func line(
        _ level: Logger.Level,
        from label: String,
        _ message: String,
        _ metadata: Logger.Metadata = [:]
    ) -> [UInt8] {
        let time = Self.timestamp(of: Glibc.time(nil))
        let details = metadata.sorted { $0.key < $1.key }
        switch self {
        case .text:
            var text = "\(time) [\(label)] "
            if level >= .warning { text += "\(level): " }
            text += message
            for (key, value) in details { text += " \(key)=\(value)" }
            return text.utf8.map { $0 < 0x20 || $0 == 0x7F ? 0x20 : $0 } + [0x0A]
        case .json:
            var members: [JSONValue.Member] = [
                .init("time", .string(time)), .init("level", .string(level.rawValue)), .init("part", .string(label)),
                .init("message", .string(message)),
            ]
            if !details.isEmpty {
                members.append(.init("metadata", .object(details.map { .init($0.key, .string("\($0.value)")) })))
            }
            return Array((JSONValue.object(members).text + "\n").utf8)
        }
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
