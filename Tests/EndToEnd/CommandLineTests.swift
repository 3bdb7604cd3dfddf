import Appliance
import ArgumentParser
import LinuxIO
import Logging
import Telemetry
import TestSupport
import Testing

@testable import wormhole_server

@Suite("Command line")
struct CommandLineTests {
    private func start(_ arguments: String...) throws -> ApplianceConfiguration {
        try StartCommand.parse(arguments).configuration()
    }

    private func mailbox(_ arguments: String...) throws -> ApplianceConfiguration {
        try MailboxCommand.parse(arguments).configuration()
    }

    private func transit(_ arguments: String...) throws -> ApplianceConfiguration {
        try TransitCommand.parse(arguments).configuration()
    }

    @Test("start runs everything, blurred to the hour, with its databases in the state folder")
    func startDefaults() throws {
        let configuration = try start("--state-dir=/var/lib/w")
        #expect(try configuration.mailbox?.endpoint == Endpoint("tcp:4000"))
        #expect(try configuration.transit?.tcp == [Endpoint("tcp:4001")])
        #expect(try configuration.transit?.webSocket == [Endpoint("tcp:4002")])
        #expect(try configuration.admin == Endpoint("tcp:4003:interface=127.0.0.1"))
        #expect(configuration.mailbox?.channelDatabasePath == "/var/lib/w/relay.sqlite")
        #expect(configuration.records.databasePath == "/var/lib/w/usage.sqlite")
        #expect(configuration.records.blurSeconds == 3600)
        #expect(configuration.records.logKinds == Set(RecordKind.allCases))
        #expect(configuration.drainTimeout == .seconds(10))
        #expect(configuration.logLevel == .info)
    }

    @Test("retention is given in days, and strict privacy takes a window")
    func privacyOptions() throws {
        #expect(try start().records.retentionSeconds == nil)
        #expect(try transit("--usage-retention=30").records.retentionSeconds == 2_592_000)
        #expect(try !start().records.hasStrictPrivacy)
        #expect(try start("--privacy=strict").records.hasStrictPrivacy)
        #expect(try mailbox("--privacy=strict", "--blur-usage=60").records.hasStrictPrivacy)
        for refused in [["--usage-retention=0"], ["--usage-retention=x"], ["--privacy=some"], ["--privacy=strict"]] {
            #expect(throws: (any Error).self) { try TransitCommand.parse(refused).configuration() }
        }
    }

    @Test("a message is at most 512 MiB, and what is more is refused by name")
    func largestMessage() throws {
        #expect(try start("--max-message-size=536870912").mailbox?.limits.messageBytes == 536_870_912)
        for refused in ["536870913", "-1"] {
            let error = #expect(throws: (any Error).self) { try start("--max-message-size=\(refused)") }
            let text = error.map { StartCommand.fullMessage(for: $0) } ?? ""
            #expect(text.contains("--max-message-size takes 0 to 536870912, not \(refused)"))
        }
    }

    @Test("none switches a part off")
    func none() throws {
        let configuration = try start("--mailbox=none", "--transit=none", "--admin", "none", "--usage-db=none")
        #expect(configuration.mailbox == nil)
        #expect(configuration.transit?.tcp == [])
        #expect(configuration.transit?.webSocket.count == 1)
        #expect(configuration.admin == nil)
        #expect(configuration.records.databasePath == nil)
        #expect(try start("--transit=none", "--transit-websocket=none").transit == nil)
    }

    @Test("changes are made in the state folder, for whoever the socket's file lets in, unless something else is said")
    func admin() throws {
        #expect(try start("--state-dir=/var/lib/w").adminSocket == Endpoint("unix:/var/lib/w/admin.sock:mode=660"))
        #expect(try start("--state-dir=.").adminSocket == Endpoint("unix:admin.sock:mode=660"))
        #expect(try start("--state-dir=/a:b").adminSocket == Endpoint(#"unix:/a\:b/admin.sock:mode=660"#))
        #expect(try start("--state-dir=/\(String(repeating: "x", count: 120))").adminSocket == nil)
        #expect(try start("--admin-socket=none").adminSocket == nil)
        #expect(try start("--admin-socket=unix:/run/x:mode=600").adminSocket == Endpoint("unix:/run/x:mode=600"))
        #expect(try mailbox().adminSocket == nil)
        #expect(try transit("--admin-socket=unix:/run/x").adminSocket == Endpoint("unix:/run/x"))
        let open = try start("--admin-network", "--admin-token-file=/t", "--admin-host=a", "--admin-host=b")
        #expect(open.allowsAdminNetwork && open.adminTokenFile == "/t" && open.adminHosts == ["a", "b"])
        #expect(throws: (any Error).self) { try start("--admin-network") }
        #expect(try start("--log-format=json").logFormat == .json)
    }

    @Test("mailbox has the original's defaults")
    func mailboxDefaults() throws {
        let configuration = try mailbox()
        #expect(try configuration.mailbox?.endpoint == Endpoint(#"tcp:4000:interface=\:\:"#))
        #expect(configuration.mailbox?.channelDatabasePath == "relay.sqlite")
        #expect(configuration.mailbox?.allowsList == true)
        #expect(configuration.transit == nil)
        #expect(configuration.admin == nil)
        #expect(configuration.records.databasePath == nil)
        #expect(configuration.records.blurSeconds == 0)
        #expect(configuration.records.logKinds == [])
    }

    @Test("start limits what a source may do and finds dead clients soon; mailbox does as the original, unless told")
    func limits() throws {
        let standard = try #require(try start().mailbox)
        #expect(standard.limits.connectionsPerSource == 128 && standard.limits.unfinishedUpgradesPerSource == 32)
        #expect(standard.limits.connectionRate == 500 && standard.limits.connectionRatePerSource == 10)
        #expect(standard.limits.commandRate == 20)
        #expect((standard.limits.allocateRate, standard.limits.claimRate, standard.limits.listRate) == (20, 30, 6))
        #expect(standard.limits.nameplatesPerSource == 50)
        #expect(standard.webSocket.pingInterval == .seconds(30) && standard.webSocket.pingTimeout == .seconds(90))
        let original = try #require(try mailbox().mailbox)
        #expect(original.limits == MailboxLimitSettings())
        #expect(original.limits.connectionsPerSource == 0 && original.limits.commandRate == 0)
        #expect(original.webSocket.pingInterval == .seconds(60) && original.webSocket.pingTimeout == .seconds(600))
        let chosen = try #require(
            try mailbox("--command-rate=7", "--max-connections-per-source=8", "--list-rate=9", "--max-connections=10")
                .mailbox
        )
        #expect(chosen.limits.commandRate == 7 && chosen.limits.connectionsPerSource == 8)
        #expect(chosen.limits.listRate == 9 && chosen.limits.connections == 10)
        #expect(try mailbox("--max-nameplates-per-source=11").mailbox?.limits.nameplatesPerSource == 11)
        #expect(try start("--max-nameplates-per-source=0").mailbox?.limits.nameplatesPerSource == 0)
        #expect(throws: (any Error).self) { try mailbox("--command-rate=-1") }
        #expect(throws: (any Error).self) { try start("--max-nameplates-per-source=1000001") }
    }

    @Test("ids of addresses are kept where the operator says, in start in the state folder")
    func addressIDs() throws {
        let configuration = try start("--state-dir=/var/lib/w", "--addrid-db=a.sqlite", "--generation-duration=60")
        #expect(configuration.mailbox?.addressDatabasePath == "/var/lib/w/a.sqlite")
        #expect(configuration.mailbox?.addressGenerationSeconds == 60)
        #expect(try mailbox("--addrid-db=:memory:").mailbox?.addressDatabasePath == ":memory:")
        #expect(try mailbox().mailbox?.addressDatabasePath == nil)
        #expect(throws: (any Error).self) { try mailbox("--generation-duration=0") }
    }

    @Test("the log goes where the original's options say")
    func logFile() throws {
        #expect(try mailbox("--log-file=/var/log/w", "--log-format=text", "--log-level=warn").logFile == "/var/log/w")
        #expect(try mailbox("--log-file=+").logFile == nil && mailbox().logFile == nil)
        #expect(try mailbox("--log-level=warn").logLevel == .warning)
        #expect(throws: (any Error).self) { try mailbox("--log-format=xml") }
    }

    @Test("104: mailbox takes every option of the original, in both spellings, and the last one counts")
    func mailboxOptions() throws {
        let configuration = try mailbox(
            "-p",
            "tcp:1",
            "--port=tcp:2",
            "--channel-db",
            ":memory:",
            "--usage-db=u.sqlite",
            "--blur-usage",
            "60",
            "--disallow-list",
            "--advertise-version=0.24.0",
            "--signal-error",
            "--go away",
            "--motd=Hello\nWorld",
            "--websocket-protocol-option=autoPingInterval=7",
            "--websocket-protocol-option",
            "failByDrop=false",
            "--log-fd=5",
            "--log-kinds=mailbox,nameplate",
            "--addrid-db=:memory:",
            "--generation-duration=3600"
        )
        let mailbox = try #require(configuration.mailbox)
        #expect(try mailbox.endpoint == Endpoint("tcp:2", wildcard: .everyIPv4Address))
        #expect(mailbox.channelDatabasePath == ":memory:")
        #expect(!mailbox.allowsList)
        #expect(mailbox.advertisedVersion == "0.24.0")
        #expect(mailbox.errorSignal == "--go away")
        #expect(mailbox.messageOfTheDay == "Hello\nWorld")
        #expect(mailbox.webSocket.pingInterval == .seconds(7))
        #expect(mailbox.webSocket.ignored == ["failByDrop"])
        #expect(configuration.records.databasePath == "u.sqlite")
        #expect(configuration.records.blurSeconds == 60)
        #expect(configuration.records.logDescriptor == 5)
        #expect(configuration.records.logKinds == [.mailbox, .nameplate])
        #expect(mailbox.addressDatabasePath == ":memory:" && mailbox.addressGenerationSeconds == 3600)
    }

    @Test("transit has the original's defaults, and records of transfers alone")
    func transitDefaults() throws {
        let configuration = try transit()
        #expect(try configuration.transit?.tcp == [Endpoint("tcp:4001")])
        #expect(configuration.transit?.webSocket == [])
        #expect(configuration.mailbox == nil)
        #expect(configuration.records.schema == .transitOnly)
        #expect(configuration.records.logKinds == [.transit])
        #expect(configuration.records.blurSeconds == 0)
    }

    @Test("118: transit takes every option of the original, in both spellings, and its leading word")
    func transitOptions() throws {
        let configuration = try transit(
            "transitrelay",
            "-p",
            "tcp:1",
            "-w",
            "tcp:2",
            "-u",
            "wss://relay.example/",
            "--blur-usage=5",
            "--log-fd=1",
            "--usage-db=t.sqlite",
            "--drain-timeout=2.5",
            "--log-level=warning"
        )
        #expect(try configuration.transit?.tcp == [Endpoint("tcp:1")])
        #expect(try configuration.transit?.webSocket == [Endpoint("tcp:2")])
        #expect(configuration.transit?.webSocketURL == "wss://relay.example/")
        #expect(configuration.records.blurSeconds == 5)
        #expect(configuration.records.logDescriptor == 1)
        #expect(configuration.records.databasePath == "t.sqlite")
        #expect(configuration.drainTimeout == .seconds(2.5))
        #expect(configuration.logLevel == .warning)
        let long = try transit("--port=tcp:1", "--websocket=tcp:2", "--websocket-url=wss://relay.example/").transit
        let short = try transit("-p", "tcp:1", "-w", "tcp:2", "-u", "wss://relay.example/").transit
        #expect(long == short)
    }
}
