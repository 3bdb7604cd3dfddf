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

    @Test("an open that is not stored ends its connection, so that nobody believes in a mailbox that is not there")
    func lostOpen() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/relay.sqlite"
        let harness = try await MailboxServerHarness(database: path)
        let (opener, bystander) = (try await harness.visitor("s"), try await harness.visitor("t"))
        try await bystander.open("other")
        // Stored when it is heard, and the open with it.
        try await bystander.add("before")
        _ = harness.observations()
        let other = try HeldDatabase(path)
        try await opener.tell(#"{"type":"open","mailbox":"m"}"#)
        #expect(try await opener.hear("error")["error"] == "server storage failure")
        #expect(try await opener.webSocket.remainder().closeCode == 1011)
        try other.letGo()
        try await harness.observed("it can be written again") {
            $0 == .readinessChanged(.channelDatabase, isReady: true)
        }
        let again = try await harness.visitor("s")
        try await again.open("m")
        try await again.add("once")
        try await again.expectSilence()
        try await bystander.add("still here")
        #expect(await harness.server.audit() == [])
        await harness.server.stop()
    }

    @Test("a close that is undone is undone for all who were listening: they are told to come again")
    func undoneClose() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/relay.sqlite"
        let harness = try await MailboxServerHarness(database: path)
        let (first, second) = (try await harness.visitor("s"), try await harness.visitor("s"))
        try await first.open("m")
        try await second.open("m")
        try await first.add("kept")
        _ = try await second.bodies(1)
        _ = harness.observations()
        let other = try HeldDatabase(path)
        try await first.say(#"{"type":"close"}"#)
        #expect(try await first.webSocket.remainder().closeCode == 1011)
        try other.letGo()
        // It was unsubscribed when the mailbox went, and the mailbox is there again.
        #expect(try await second.hear("error")["error"] == "server storage failure")
        #expect(try await second.webSocket.remainder().closeCode == 1011)
        try await eventually("nothing is left that waits", isTrue: { await harness.server.audit() == [] })
        let ended = harness.observations().contains { if case .mailboxRetired = $0 { true } else { false } }
        #expect(!ended, "a mailbox that is there was recorded as one that has ended")
        let again = try await harness.visitor("s")
        try await again.open("m")
        #expect(try await again.bodies(1) == ["kept"])
        await harness.server.stop()
    }
}
