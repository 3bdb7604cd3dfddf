import ArgumentParser
import LinuxIO
import TestSupport
import Testing
import TransitService

@testable import Appliance
@testable import wormhole_server

@Suite("Options of the relay")
struct RelayOptionsTests {
    /// Every option that reaches the relay, with a value that is no other's and no default.
    private static let arguments = [
        "--handshake-timeout=1.5", "--wait-timeout=701", "--idle-timeout=702", "--max-session-duration=703",
        "--max-session-bytes=704", "--stalled-drain-timeout=705", "--max-relay-connections=706",
        "--max-relay-connections-per-source=707", "--max-relay-handshakes=708", "--max-relay-handshakes-per-source=709",
        "--max-relay-waiting-per-source=710", "--session-rate=711", "--global-rate=712",
        "--max-relay-connection-rate=713", "--max-relay-connection-rate-per-source=714",
        "--max-relay-pipes=715", "--relay-workers=716",
    ]

    /// What no option says.
    private static let fixed: Set = [
        "farewellTimeout", "countsLoopbackSources", "upgradeTimeout", "serverName",
        "selfTestToken",
    ]

    private static func expected() -> TransitConfiguration {
        var expected = TransitConfiguration()
        expected.handshakeTimeout = .seconds(1.5)
        expected.waitTimeout = .seconds(701)
        expected.idleTimeout = .seconds(702)
        expected.maximumSessionDuration = .seconds(703)
        expected.maximumSessionBytes = 704
        expected.stalledDrainTimeout = .seconds(705)
        expected.connections = 706
        expected.connectionsPerSource = 707
        expected.handshakes = 708
        expected.handshakesPerSource = 709
        expected.waitingPerSourceAndToken = 710
        expected.sessionRate = 711
        expected.globalRate = 712
        expected.connectionRate = 713
        expected.connectionRatePerSource = 714
        expected.pipes = 715
        expected.workers = 716
        expected.serverName = ApplianceVersion.serverName
        return expected
    }

    private static func texts(of configuration: TransitConfiguration) -> [String: String] {
        let properties = Mirror(reflecting: configuration).children
        return Dictionary(uniqueKeysWithValues: properties.map { ($0.label ?? "", "\($0.value)") })
    }

    @Test("every option reaches the relay, by either command", arguments: ["start", "transit"])
    func everyOption(command: String) throws {
        let configuration =
            command == "start"
            ? try StartCommand.parse(Self.arguments).configuration()
            : try TransitCommand.parse(Self.arguments).configuration()
        #expect(configuration.transitService(testedAs: nil) == Self.expected())
    }

    @Test("there is an option for everything the relay can be told")
    func completeness() {
        let standard = Self.texts(of: TransitConfiguration())
        let expected = Self.texts(of: Self.expected())
        for (name, value) in expected where !Self.fixed.contains(name) {
            #expect(value != standard[name], "\(name) has no option here")
        }
        #expect(Self.fixed.isSubset(of: expected.keys))
    }

    @Test("the mailbox server alone takes none of them, and runs no relay")
    func mailbox() throws {
        #expect(try MailboxCommand.parse([]).configuration().transitService(testedAs: nil) == nil)
        for argument in Self.arguments { #expect(throws: (any Error).self) { try MailboxCommand.parse([argument]) } }
    }

    @Test("a relay for everybody ends who waits for a day or is silent for half an hour, the original's ends nobody")
    func standards() throws {
        let start = try #require(StartCommand.parse([]).configuration().transitService(testedAs: nil))
        #expect(start.waitTimeout == .seconds(86_400))
        #expect(start.idleTimeout == .seconds(1800))
        #expect(start.connectionRate == 500)
        #expect(start.connectionRatePerSource == 10)
        let transit = try #require(TransitCommand.parse([]).configuration().transitService(testedAs: nil))
        #expect(transit.waitTimeout == .zero)
        #expect(transit.idleTimeout == .zero)
        let neither = try StartCommand.parse([
            "--wait-timeout=0", "--idle-timeout=0", "--max-relay-connection-rate=0",
            "--max-relay-connection-rate-per-source=0",
        ]).configuration().transitService(testedAs: nil)
        #expect(neither == transit)
    }

    @Test("what makes no sense is refused", arguments: arguments)
    func nonsense(argument: String) throws {
        let name = argument.prefix { $0 != "=" }
        for value in ["-1", "abc", "nan", "1e30"] {
            #expect(throws: (any Error).self, "\(name)=\(value)") { try TransitCommand.parse(["\(name)=\(value)"]) }
        }
    }

    @Test("several endpoints of a kind are all kept, in order, and replace the standard one")
    func endpoints() throws {
        let transit = try TransitCommand.parse(["-p", "tcp:1", "--port=unix:/p", "-w", "tcp:2", "--websocket", "tcp:3"])
            .configuration().transit
        #expect(try transit?.tcp == [Endpoint("tcp:1"), Endpoint("unix:/p")])
        #expect(try transit?.webSocket == [Endpoint("tcp:2"), Endpoint("tcp:3")])
        let start = try StartCommand.parse([
            "--transit=tcp:1", "--transit", "unix:/p", "--transit-websocket=tcp:2", "--transit-websocket=none",
        ]).configuration().transit
        #expect(try start?.tcp == [Endpoint("tcp:1"), Endpoint("unix:/p")])
        #expect(try start?.webSocket == [Endpoint("tcp:2")])
    }
}
