import Admission
import ArgumentParser
import LinuxIO
import MailboxRules
import MailboxService
import TestSupport
import Testing
import WormholeWire

@testable import Appliance
@testable import wormhole_server

@Suite("Options of the mailbox server")
struct MailboxOptionsTests {
    /// Every option that limits what clients may do, with a value that is no other's and no default.
    private static let limits = [
        "--max-message-size=701", "--max-mailbox-messages=702", "--max-mailbox-bytes=703", "--max-stored-bytes=704",
        "--max-send-buffer=705", "--bind-timeout=706", "--max-unfinished-upgrades=707",
        "--max-unfinished-upgrades-per-source=708", "--max-connections=709", "--max-connections-per-source=710",
        "--connection-rate=711", "--connection-rate-per-source=712", "--command-rate=713", "--allocate-rate=714",
        "--claim-rate=715", "--list-rate=716", "--max-nameplates-per-source=717",
    ]

    /// All others that reach the server.
    private static let others = [
        "--channel-db=/w/channels", "--channel-sync=normal", "--disallow-list", "--advertise-version=0.99",
        "--signal-error=go away", "--motd=hello", "--expire-after=718", "--expire-after=example.org/app=719",
        "--trust-proxy=192.0.2.0/24", "--require-hashcash=20", "--addrid-db=/w/addresses", "--generation-duration=720",
        "--blur-usage=0", "--websocket-protocol-option=autoPingInterval=721",
        "--websocket-protocol-option=autoPingTimeout=722", "--websocket-protocol-option=openHandshakeTimeout=723",
        "--websocket-protocol-option=closeHandshakeTimeout=724",
    ]

    /// What no option says.
    private static let fixed: Set = [
        "expiryInterval", "selfTestApp", "countsLoopbackSources", "maximumBacklog", "serverName", "census",
        "limits.outstandingCommands",
    ]

    private static func expected() throws -> MailboxConfiguration {
        var expected = MailboxConfiguration(channelDatabasePath: "/w/channels")
        expected.synchronization = .normal
        expected.welcome.currentClientVersion = "0.99"
        expected.welcome.error = "go away"
        expected.welcome.motd = "hello"
        expected.permission = .hashcash(bits: 20, isRequired: true)
        expected.allowsList = false
        expected.expiry = ExpiryPolicy(standard: .seconds(718))
        expected.expiry.perApp[try #require(AppID("example.org/app"))] = .seconds(719)
        expected.trustedProxies = [try #require(AddressRange("192.0.2.0/24"))]
        expected.logsConnections = true
        expected.addressDatabasePath = "/w/addresses"
        expected.addressGenerationDuration = .seconds(720)
        expected.pingInterval = .seconds(721)
        expected.pingTimeout = .seconds(722)
        expected.upgradeTimeout = .seconds(723)
        expected.closeTimeout = .seconds(724)
        expected.serverName = ApplianceVersion.serverName
        expected.maximumMessageSize = 701
        expected.limits.messagesPerMailbox = 702
        expected.limits.bytesPerMailbox = 703
        expected.limits.storedBytes = 704
        expected.maximumSendBuffer = 705
        expected.limits.bindTimeout = .seconds(706)
        expected.maximumUnfinishedUpgrades = 707
        expected.maximumUnfinishedUpgradesPerSource = 708
        expected.maximumConnections = 709
        expected.maximumConnectionsPerSource = 710
        expected.connectionRate = 711
        expected.connectionRatePerSource = 712
        expected.commands = Pace(713, per: .seconds(1), burst: 5 * 713)
        expected.limits.allocations = Pace(714, per: .seconds(60), burst: 714)
        expected.limits.claims = Pace(715, per: .seconds(60), burst: 715)
        expected.limits.lists = Pace(716, per: .seconds(60), burst: 716)
        expected.limits.nameplatesPerSource = 717
        return expected
    }

    /// Every property as text, those of the limits by themselves.
    private static func texts(of configuration: MailboxConfiguration) -> [String: String] {
        var texts: [String: String] = [:]
        for property in Mirror(reflecting: configuration).children where property.label != "limits" {
            texts[property.label ?? ""] = "\(property.value)"
        }
        for limit in Mirror(reflecting: configuration.limits).children {
            texts["limits.\(limit.label ?? "")"] = "\(limit.value)"
        }
        return texts
    }

    private static func service(_ command: String, _ arguments: [String]) throws -> MailboxConfiguration {
        let configuration =
            command == "start"
            ? try StartCommand.parse(arguments).configuration()
            : try MailboxCommand.parse(arguments).configuration()
        return try #require(configuration.mailboxService(testedAs: nil))
    }

    @Test("every option reaches the mailbox server, by either command", arguments: ["start", "mailbox"])
    func everyOption(command: String) throws {
        let reached = Self.texts(of: try Self.service(command, Self.limits + Self.others))
        let expected = Self.texts(of: try Self.expected())
        #expect(reached.keys == expected.keys)
        for (name, value) in expected { #expect(reached[name] == value, "\(name)") }
    }

    @Test("there is an option for everything the mailbox server can be told")
    func completeness() throws {
        let standard = Self.texts(of: MailboxConfiguration(channelDatabasePath: "relay.sqlite"))
        let expected = Self.texts(of: try Self.expected())
        for (name, value) in expected where !Self.fixed.contains(name) {
            #expect(value != standard[name], "\(name) has no option here")
        }
        #expect(Self.fixed.isSubset(of: expected.keys))
    }

    @Test("the relay alone takes none of them, and runs no mailbox server")
    func transit() throws {
        #expect(try TransitCommand.parse([]).configuration().mailboxService(testedAs: nil) == nil)
        for argument in Self.limits + Self.others where !argument.hasPrefix("--blur-usage") {
            #expect(throws: (any Error).self, "\(argument)") { try TransitCommand.parse([argument]) }
        }
    }

    @Test("a server for everybody brakes who takes too much, the original's brakes nobody; 0 is no limit")
    func standards() throws {
        let start = Self.texts(of: try Self.service("start", []))
        var expected = try Self.service("mailbox", ["--channel-db=relay.sqlite"])
        for (name, value) in Self.texts(of: expected) where name.hasPrefix("limits.") || name.contains("Rate") {
            let isBoundless = ["0", "\(Pace.unlimited)"].contains(value)
            let isAlwaysThere = ["messages", "bytes", "stored", "bind", "outstanding"].contains {
                name.hasPrefix("limits.\($0)")
            }
            #expect(isBoundless != isAlwaysThere, "\(name): \(value)")
        }
        expected.connectionRate = 500
        expected.connectionRatePerSource = 10
        expected.maximumConnectionsPerSource = 128
        expected.maximumUnfinishedUpgradesPerSource = 32
        expected.commands = Pace(20, per: .seconds(1), burst: 100)
        expected.limits.allocations = Pace(20, per: .seconds(60), burst: 20)
        expected.limits.claims = Pace(30, per: .seconds(60), burst: 30)
        expected.limits.lists = Pace(6, per: .seconds(60), burst: 6)
        expected.limits.nameplatesPerSource = 50
        // What else the two differ in is not about limits.
        for (name, value) in Self.texts(of: expected)
        where !["logsConnections", "pingInterval", "pingTimeout", "channelDatabasePath"].contains(name) {
            #expect(start[name] == value, "\(name)")
        }
        let boundless = try Self.service("start", Self.limits.map { "\($0.prefix { $0 != "=" })=0" })
        #expect(
            boundless.maximumMessageSize == MailboxLimitSettings.largestMessage
                && boundless.maximumUnfinishedUpgrades == .max
        )
        var none = MailboxLimits()
        none.messagesPerMailbox = 0
        none.bytesPerMailbox = 0
        none.storedBytes = 0
        none.bindTimeout = .zero
        #expect(boundless.limits == none)
        #expect(boundless.commands.isUnlimited)
        let counts = [
            boundless.maximumSendBuffer, boundless.maximumConnections, boundless.maximumConnectionsPerSource,
            boundless.maximumUnfinishedUpgradesPerSource, boundless.connectionRate, boundless.connectionRatePerSource,
        ]
        #expect(counts.allSatisfy { $0 == 0 })
    }

    @Test("what makes no sense is refused", arguments: limits)
    func nonsense(argument: String) throws {
        let name = argument.prefix { $0 != "=" }
        for value in ["-1", "abc", "1.5", "9999999999999999"] {
            #expect(throws: (any Error).self, "\(name)=\(value)") { try MailboxCommand.parse(["\(name)=\(value)"]) }
        }
    }

    @Test("the original's words for two of them come first where they name a limit")
    func originalWords() throws {
        let option = { (word: String) in "--websocket-protocol-option=\(word)" }
        let both = ["--max-message-size=701", "--max-connections=709"]
        let named = try Self.service(
            "mailbox",
            both + [
                option("maxMessagePayloadSize=1000"), option("maxFramePayloadSize=800"), option("maxConnections=5"),
            ]
        )
        #expect(named.maximumMessageSize == 800 && named.maximumConnections == 5)
        let unlimited = try Self.service(
            "mailbox",
            both + [option("maxMessagePayloadSize=0"), option("maxFramePayloadSize=0"), option("maxConnections=0")]
        )
        #expect(unlimited.maximumMessageSize == 701 && unlimited.maximumConnections == 709)
    }
}
