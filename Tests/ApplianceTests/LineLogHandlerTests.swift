import Logging
import Synchronization
import Testing

@testable import Appliance

@Suite("LineLogHandler")
struct LineLogHandlerTests {
    /// Lines a logger has written, without their times.
    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])

        var all: [String] { lines.withLock { $0 } }

        func logger(_ level: Logger.Level = .info) -> Logger {
            Logger(label: "mailbox") { label in
                let output = LogOutput(levels: LogLevelSwitch(level)) { bytes in
                    self.lines.withLock { $0.append(String(decoding: bytes.dropFirst(25), as: UTF8.self)) }
                }
                return LineLogHandler(label: label, output: output)
            }
        }
    }

    @Test("a line is time, part and text")
    func line() {
        let lines = Lines()
        lines.logger().info("Mailbox starting on 4000")
        #expect(lines.all == ["[mailbox] Mailbox starting on 4000\n"])
        #expect(LogFormat.timestamp(of: 1_795_255_200) == "2026-11-21T10:00:00+0000")
    }

    @Test("what is serious says so")
    func levels() {
        let lines = Lines()
        let logger = lines.logger()
        logger.debug("left out")
        logger.notice("a")
        logger.warning("b")
        logger.error("c")
        #expect(lines.all == ["[mailbox] a\n", "[mailbox] warning: b\n", "[mailbox] error: c\n"])
    }

    @Test("metadata follow in order of their names, a message's own before the logger's")
    func metadata() {
        let lines = Lines()
        var logger = lines.logger()
        logger[metadataKey: "b"] = "1"
        logger[metadataKey: "a"] = "1"
        logger.info("text", metadata: ["b": "2"])
        #expect(lines.all == ["[mailbox] text a=1 b=2\n"])
    }

    @Test("a message is one line, whatever it holds")
    func oneLine() {
        let lines = Lines()
        lines.logger().info("one\ntwo\r\u{1B}[31mthree")
        #expect(lines.all == ["[mailbox] one two  [31mthree\n"])
    }
}
