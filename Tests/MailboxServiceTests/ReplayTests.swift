import LinuxIO
import MailboxService
import TestSupport
import Testing

/// Serialized, because memory is that of the whole process.
@Suite("What a mailbox holds, for who takes it slowly", .serialized, .timeLimit(.minutes(2)))
struct ReplayTests {
    /// A mailbox with eight messages that are as long as they may be.
    private static func fill(_ mailbox: String, in harness: MailboxServerHarness) async throws -> Visitor {
        let author = try await harness.visitor("author")
        try await author.open(mailbox)
        for number in 1...7 {
            let body = "\(number)" + String(repeating: "\\u0001", count: 170_000)
            try await author.tell(#"{"type":"add","phase":"\#(number)","body":"\#(body)"}"#)
            _ = try await author.hear("message")
        }
        return author
    }

    @Test("many who open a full mailbox at once and read nothing cost little memory, and keep nobody waiting")
    func manyOpen() async throws {
        let harness = try await MailboxServerHarness()
        _ = try await Self.fill("m", in: harness)
        let other = try await harness.visitor("other")
        var idle: [Visitor] = []
        for _ in 0..<40 { idle.append(try await harness.visitor("author")) }
        let before = HeapUse.bytes
        for visitor in idle { try await visitor.say(#"{"type":"open","mailbox":"m"}"#) }
        let clock = ContinuousClock()
        let start = clock.now
        // Behind all of them.
        _ = try await other.ask(#"{"type":"ping","ping":1}"#, for: "pong")
        #expect(clock.now - start < .seconds(5))
        // 40 times 7 MB if all were encoded; a message or so for each otherwise.
        #expect(HeapUse.bytes - before < 100 << 20)
        for visitor in idle { await visitor.vanish() }
        await harness.server.stop()
    }

    @Test("what is said meanwhile comes behind it, everything once and in order")
    func order() async throws {
        let harness = try await MailboxServerHarness()
        let author = try await Self.fill("m", in: harness)
        let slow = try await harness.visitor("slow")
        try await slow.say(#"{"type":"open","mailbox":"m"}"#)
        try await slow.say(#"{"type":"list"}"#)
        for number in 8...40 { try await author.add("\(number)") }
        try await slow.say(#"{"type":"ping","ping":"end"}"#)
        var heard: [String] = []
        while heard.last != "pong" {
            let message = try await slow.hear()
            switch message["type"]?.string {
            case "message": heard.append(String((message["body"]?.string ?? "").prefix { $0.isNumber }))
            case "ack": break
            case let type: heard.append(type ?? "")
            }
        }
        #expect(heard.filter { $0 != "nameplates" && $0 != "pong" } == (1...40).map(String.init))
        #expect(heard.contains("nameplates"))
        await harness.server.stop()
    }
}
