import LinuxIO
import Logging
import Testing

@testable import Appliance

@Suite("The digest of the configuration")
struct ConfigurationDigestTests {
    private static func configuration() throws -> ApplianceConfiguration {
        var configuration = ApplianceConfiguration()
        var mailbox = MailboxSettings(endpoint: try Endpoint("tcp:4000"), channelDatabasePath: "relay.sqlite")
        mailbox.expirySecondsPerApp = ["a": 1, "b": 2, "c": 3, "d": 4, "e": 5]
        configuration.mailbox = mailbox
        configuration.transit = TransitSettings(tcp: [try Endpoint("tcp:4001")], webSocket: [])
        return configuration
    }

    @Test("is the same for the same configuration, in whatever order a dictionary is")
    func same() throws {
        var other = try Self.configuration()
        other.mailbox?.expirySecondsPerApp = [:]
        for (app, seconds) in [("e", 5), ("d", 4), ("c", 3), ("b", 2), ("a", 1)] {
            other.mailbox?.expirySecondsPerApp[app] = seconds
        }
        let digest = ConfigurationDigest(of: try Self.configuration())
        #expect(ConfigurationDigest(of: other) == digest)
        #expect(digest.text.count == 12 && digest.text.allSatisfy(\.isHexDigit))
        // The same in every process, too: a hash that is salted would give another one each time.
        #expect(ConfigurationDigest.description(of: Set(["b", "a"])) == "[\"a\",\"b\"]")
    }

    @Test("is another after any change")
    func different() throws {
        let changes: [(inout ApplianceConfiguration) -> Void] = [
            { $0.mailbox?.limits.bindSeconds += 1 }, { $0.mailbox?.messageOfTheDay = "" },
            { $0.mailbox?.expirySecondsPerApp["a"] = 2 }, { $0.transit?.limits.sessionRate = 1 },
            { $0.transit?.limits.connections = 0 }, { $0.records.blurSeconds = 60 }, { $0.records.logKinds = [] },
            { $0.drainTimeout = .seconds(11) }, { $0.logLevel = .debug }, { $0.admin = $0.transit?.tcp.first },
            { $0.mailbox = nil },
        ]
        var seen = [ConfigurationDigest(of: try Self.configuration()).text]
        for change in changes {
            var configuration = try Self.configuration()
            change(&configuration)
            seen.append(ConfigurationDigest(of: configuration).text)
        }
        #expect(Set(seen).count == seen.count, "\(seen)")
    }
}
