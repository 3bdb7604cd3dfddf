import Foundation
import Logging
import Synchronization
import TestSupport
import Testing

@testable import Appliance

@Suite("The log as JSON, and its level")
struct JSONLogHandlerTests {
    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func append(_ bytes: [UInt8]) { lines.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) } }
    }

    private struct Line: Decodable, Equatable {
        let level: String
        let part: String
        let message: String
        let metadata: [String: String]?
    }

    @Test("a message is one object on one line, whatever it holds")
    func lines() throws {
        let lines = Lines()
        let output = LogOutput(levels: LogLevelSwitch(.info)) { lines.append($0) }
        var logger = Logger(label: "mailbox") { JSONLogHandler(label: $0, output: output) }
        logger[metadataKey: "b"] = "1"
        logger.debug("left out")
        logger.warning("one\n\"two\"\u{1B}\\ 世界", metadata: ["a": "\n"])
        #expect(lines.all.count == 1 && lines.all[0].hasSuffix("}\n") && lines.all[0].count { $0.isNewline } == 1)
        let line = try JSONDecoder().decode(Line.self, from: Data(lines.all[0].utf8))
        let expected = Line(
            level: "warning",
            part: "mailbox",
            message: "one\n\"two\"\u{1B}\\ 世界",
            metadata: ["a": "\n", "b": "1"]
        )
        #expect(line == expected)
    }

    @Test("a level that was changed for a while comes back, and the last change counts")
    func levels() async throws {
        let levels = LogLevelSwitch(.warning)
        levels.set(.trace, for: .seconds(600))
        #expect(levels.level == .trace)
        levels.set(.error, for: .milliseconds(20))
        #expect(levels.level == .error)
        try await eventually("it is as before") { levels.level == .warning }
    }
}
