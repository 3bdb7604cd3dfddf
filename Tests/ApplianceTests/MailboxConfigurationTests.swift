import LinuxIO
import MailboxService
import Testing
import WormholeWire

@testable import Appliance

@Suite("The configuration of the mailbox server")
struct MailboxConfigurationTests {
    private func configuration(
        _ change: (inout MailboxSettings) throws -> Void
    ) throws -> MailboxConfiguration {
        var configuration = ApplianceConfiguration()
        var settings = MailboxSettings(endpoint: try Endpoint("tcp:0"), channelDatabasePath: ":memory:")
        try change(&settings)
        configuration.mailbox = settings
        return try #require(configuration.mailboxService(testedAs: nil))
    }

    @Test("22: an error or a version that is empty is none; a message of the day may be empty")
    func emptyTexts() throws {
        let welcome = try configuration {
            $0.messageOfTheDay = ""
            $0.errorSignal = ""
            $0.advertisedVersion = ""
        }.welcome
        #expect(welcome.motd == "")
        #expect(welcome.error == nil)
        #expect(welcome.currentClientVersion == nil)
    }

    @Test("14: a message is never longer than can be stored, whatever is allowed", arguments: [0, 1 << 40, 1 << 29])
    func largestMessage(limit: Int) throws {
        let largest = 1 << 29
        #expect(try configuration { $0.limits.messageBytes = limit }.maximumMessageSize == largest)
        #expect(
            try configuration { try $0.webSocket.apply("maxMessagePayloadSize=\(largest + 1)") }.maximumMessageSize
                == largest
        )
        #expect(try configuration { $0.limits.messageBytes = 5 }.maximumMessageSize == 5)
    }
}
