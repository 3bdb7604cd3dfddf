import Foundation
import TestSupport
import Testing

@Suite("Munin: the values of the plugins with the originals' names")
struct PluginValueTests {
    private static let mailboxRows = """
        INSERT INTO nameplates VALUES ('a', now - 5, 1, 2, 'happy'), ('a', now - 6, NULL, 2, 'lonely'),
            ('a', now - 7, 1, 2, 'crowded'), ('a', now - 5000, NULL, 2, 'pruney');
        INSERT INTO mailboxes VALUES ('a', 1, now - 5, 2, 1, 'happy'), ('a', 1, now - 5, 2, 1, 'happy'),
            ('a', 1, now - 6, 2, 1, 'scary'), ('a', 1, now - 6, 2, 1, 'lonely'), ('a', 1, now - 7, 2, 1, 'errory'),
            ('a', 1, now - 8, 2, 1, 'pruney'), ('a', 1, now - 9, 2, 1, 'crowded'), ('a', 1, now - 9, 2, NULL, 'quiet'),
            ('a', 1, now - 5000, 2, 1, 'happy'), ('a', 0, now - 5000, 2, 1, 'scary'), ('a', 0, now - 5000, 2, 1, 'pruney');
        """
    private static let channelRows = """
        INSERT INTO mailboxes VALUES ('a', 1, 1, 'm'), ('a', 1, 0, 'n'), ('b', 1, 1, 'o');
        INSERT INTO nameplates (app_id, name, mailbox_id) VALUES ('a', '4', 'm'), ('b', '4', 'o');
        INSERT INTO messages (app_id, mailbox_id) VALUES ('a', 'm');
        """
    private static let mailboxValues = [
        ("wormhole_active", "nameplates 2, mailboxes 3, messages 1"),
        ("wormhole_errors", "nameplates 2, mailboxes 6, mailboxes_scary 1"),
        ("wormhole_event_rate", "happy 3, incomplete 3, scary 2"),
        ("wormhole_events", "happy 2, scary 1, lonely 1, errory 1, pruney 1, crowded 1, total 8"),
        ("wormhole_events_alltime", "happy 3, scary 2, lonely 1, errory 1, pruney 2, crowded 1, total 11"),
    ]

    @Test("mailbox 110: values of a prepared database, in their order", arguments: mailboxValues)
    func mailbox(plugin: String, expected: String) async throws {
        let databases = try await PreparedDatabases(.mailbox, sql: Self.mailboxRows, channelSQL: Self.channelRows)
        try await expect(plugin, databases, expected)
    }

    @Test("mailbox 113: a time blurred to before the start, in the same window, counts as since the start")
    func blurredEvents() async throws {
        let rows = """
            INSERT INTO mailboxes VALUES ('a', 1, CAST(boot / 3600 AS INTEGER) * 3600, 2, 1, 'scary'),
                                         ('a', 1, CAST(boot / 3600 AS INTEGER) * 3600 - 3600, 2, 1, 'scary');
            INSERT INTO nameplates VALUES ('a', CAST(boot / 3600 AS INTEGER) * 3600, 1, 2, 'lonely');
            """
        let blurred = try await PreparedDatabases(.mailbox, blur: "3600", sql: rows)
        try await expect(
            "wormhole_events",
            blurred,
            "happy 0, scary 1, lonely 0, errory 0, pruney 0, crowded 0, total 1"
        )
        try await expect("wormhole_errors", blurred, "nameplates 1, mailboxes 1, mailboxes_scary 1")
        // The original divides by zero.
        let exact = try await PreparedDatabases(.mailbox, blur: "0", sql: rows)
        try await expect(
            "wormhole_events",
            exact,
            "happy 0, scary 0, lonely 0, errory 0, pruney 0, crowded 0, total 0"
        )
    }

    @Test("mailbox 114: a side counts once, under unknown, non-python, other or its version")
    func versions() async throws {
        let databases = try await PreparedDatabases(
            .mailbox,
            sql: """
                INSERT INTO client_versions VALUES ('a', 's1', now - 50, 'python', '0.24.0'),
                    ('a', 's1', now - 40, 'python', '0.23.0'), ('a', 's2', now - 40, NULL, NULL),
                    ('a', 's3', now - 40, 'go-william', 'v1.0.6'), ('a', 's4', now - 40, NULL, '0.24.0'),
                    ('a', 's5', now - 40, 'python', '0.1'), ('a', 's6', now - 40, 'python', NULL),
                    ('a', 's7', now - 3599, 'python', '0.24.0'), ('a', 's8', now - 3650, 'python', '0.24.0'),
                    ('a', 's9', now + 100, 'python', '0.24.0');
                """
        )
        try await expect(
            "wormhole_version_uptake",
            databases,
            "v_unknown 1, v_non_python 2, v_other 2, v_0_24_0 2",
            ["python_client_versions": "0.24.0"]
        )
    }

    @Test("mailbox 114: a time blurred to the hour stays in the last hour for an hour")
    func blurredVersions() async throws {
        let databases = try await PreparedDatabases(
            .mailbox,
            blur: "3600",
            sql:
                "INSERT INTO client_versions VALUES ('a', 's', now - 7100, 'python', '1'), ('a', 't', now - 7300, 'x', '1');"
        )
        try await expect("wormhole_version_uptake", databases, "v_unknown 0, v_non_python 0, v_other 1")
    }

    private static let transitRows = """
        INSERT INTO usage VALUES (boot + 1, 2, 1, 1000, 'happy'), (boot + 1.5, 2, 1, 500, 'happy'),
            (boot + 2, 2, NULL, 20, 'errory'), (boot + 3, 2, NULL, 0, 'lonely'), (boot + 4, 2, 1, 0, 'redundant'),
            (boot + 4, 2, 1, 0, 'redundant'), (boot + 4, 2, 1, 0, 'jilted'), (boot + 4, 2, NULL, 3, 'impatient'),
            (boot + 4, 2, NULL, 0, 'empty'), (boot, 2, 1, 10000, 'happy'), (boot - 1, 2, 1, 100000, 'lonely');
        """
    private static let transitValues = [
        ("wormhole_transit_active", "waiting 1, connected 4"),
        ("wormhole_transit_bytes", "bytes 1523, incomplete 1600"),
        ("wormhole_transit_bytes_alltime", "bytes 111523, incomplete 111600"),
        ("wormhole_transit_events", "happy 2, errory 1, lonely 1, redundant 2"),
        ("wormhole_transit_events_alltime", "happy 3, errory 1, lonely 2, redundant 2"),
    ]

    @Test("transit 127, 129: values of a prepared database, in their order", arguments: transitValues)
    func transit(plugin: String, expected: String) async throws {
        try await expect(plugin, try await PreparedDatabases(.transit, sql: Self.transitRows), expected)
    }

    @Test("transit 128: without records, sums and counts are 0")
    func emptyUsage() async throws {
        let databases = try await PreparedDatabases(.transit)
        for name in ["bytes", "bytes_alltime"] {
            try await expect("wormhole_transit_" + name, databases, "bytes 0, incomplete 77")
        }
        for name in ["events", "events_alltime"] {
            try await expect("wormhole_transit_" + name, databases, "happy 0, errory 0, lonely 0, redundant 0")
        }
    }

    @Test(
        "transit 133: a transfer right after the start is seen, although its time is blurred to before it",
        arguments: [["start"], ["transit"]]
    )
    func blurredTransfer(command: [String]) async throws {
        let relay = try await BlurringRelay(command[0])
        let pair = try await RelayPair(port: relay.port)
        try await pair.expectPassage(of: String(repeating: "x", count: 1234))
        await pair.left.close()
        let environment = ["usagedb": relay.database]
        try await eventually("the transfer is recorded") {
            let answer = try await MuninPlugin("wormhole_transit_events_alltime").run(environment: environment)
            return answer.lines.first == "happy.value 1"
        }
        let events = try await MuninPlugin("wormhole_transit_events").run(environment: environment)
        #expect(events.lines == ["happy.value 1", "errory.value 0", "lonely.value 0", "redundant.value 0"])
        let bytes = try await MuninPlugin("wormhole_transit_bytes").run(environment: environment)
        #expect(bytes.lines == ["bytes.value 1000", "incomplete.value 1000"])
        #expect(try await relay.end() == .exited(0))
    }

    private func expect(
        _ plugin: String,
        _ databases: PreparedDatabases,
        _ values: String,
        _ environment: [String: String] = [:],
        at location: SourceLocation = #_sourceLocation
    ) async throws {
        let output = values.split(separator: ", ").map { $0.replacing(" ", with: ".value ") + "\n" }.joined()
        let answer = try await MuninPlugin(plugin).run(
            environment: databases.environment.merging(environment) { $1 },
            clock: databases.now
        )
        #expect(answer == MuninPlugin.Answer(status: 0, output: output, errors: ""), sourceLocation: location)
    }
}
