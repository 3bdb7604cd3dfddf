import MailboxService
import Observations
import TestSupport
import Testing

/// Replies that would promise what is not on disk.
@Suite("Replies and the disk", .timeLimit(.minutes(1)))
struct UnwrittenReplyTests {
    @Test("83: while nothing can be written, no command that changes something is answered by what it would have done")
    func nothingIsPromised() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/relay.sqlite"
        let harness = try await MailboxServerHarness(database: path)
        let author = try await harness.visitor("author")
        try await author.open("m")
        try await author.add("first")
        let (releaser, closer) = (try await harness.visitor("releaser"), try await harness.visitor("closer"))
        _ = try await releaser.claim("1")
        try await closer.open(closer.claim("2"))
        try await closer.release()
        var asked: [(visitor: Visitor, command: String)] = [
            (author, #"{"type":"add","phase":"p","body":"second"}"#),
            (releaser, #"{"type":"release"}"#),
            (closer, #"{"type":"close"}"#),
        ]
        for command in [
            #"{"type":"allocate"}"#, #"{"type":"claim","nameplate":"3"}"#, #"{"type":"claim","nameplate":"1"}"#,
            // The first stored message is what an open promises by; of an empty mailbox it has the ack alone.
            #"{"type":"open","mailbox":"m"}"#,
        ] {
            asked.append((try await harness.visitor("other"), command))
        }
        _ = harness.observations()
        let other = try HeldDatabase(path)
        for (visitor, command) in asked { try await visitor.say(command) }
        for (visitor, command) in asked {
            // Kept back as well, so that it goes out together with what comes behind it.
            _ = try await visitor.hear("ack")
            #expect(try await visitor.hear("error")["error"] == "server storage failure", "\(command)")
            #expect(try await visitor.webSocket.remainder().closeCode == 1011, "\(command)")
        }
        try other.letGo()
        try await harness.observed("it can be written again") {
            $0 == .readinessChanged(.channelDatabase, isReady: true)
        }
        // What nobody was told has not happened.
        let witness = try await harness.visitor("author")
        #expect(try await witness.list() == ["1"])
        try await witness.open("m")
        #expect(try await witness.bodies(1) == ["first"])
        try await witness.expectSilence()
        await harness.server.stop()
    }
}
