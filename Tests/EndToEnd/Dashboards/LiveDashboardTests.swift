import Foundation
import Glibc
import TestSupport
import Testing

/// A real Prometheus and a real server under traffic.
@Suite("Dashboards under traffic", .timeLimit(.minutes(5)))
struct LiveDashboardTests {
    /// Alerts that may be on their way on a busy test machine: they judge how fast it is, and its disk.
    private static let machineDependent: Set = [
        "WormholeMailboxSlow", "WormholeEventLoopLag", "WormholeStateDiskFilling",
    ]

    @Test("every query of every panel returns numbers, every rule works, and no alert is near")
    func traffic() async throws {
        let folder = try TemporaryFolder()
        let token = URL(filePath: folder.path + "/token")
        try Data("long-enough-to-be-a-token\n".utf8).write(to: token)
        let server = try await RunningServer(
            "--admin-token-file=\(token.path)",
            "--global-rate=1000000000",
            "--websocket-protocol-option=autoPingInterval=1",
            "--drain-timeout=60",
            "--selftest-interval=1",
            recordsLines: true,
            folder: folder
        )
        let prometheus = try await RunningPrometheus(scraping: server.ports.admin)
        let traffic = try await ScriptedTraffic(server.ports)
        try await expectNumbers(in: prometheus, during: traffic)
        try await expectSoundRules(in: prometheus)
        try await expectReloads(of: server, token, in: prometheus)
        try await traffic.end()
        try await expectDrain(of: server, in: prometheus)
        #expect(try await prometheus.end() == .exited(0))
    }

    private func expectNumbers(in prometheus: RunningPrometheus, during traffic: ScriptedTraffic) async throws {
        var silent = try Dashboard.all().flatMap(\.pictures).flatMap(\.queries)
        let recordings = try RuleFile(RuleFile.recording).rules.map(\.name)
        do {
            try await eventually("every query returns numbers", within: .seconds(60)) {
                try await traffic.round()
                var stillSilent: [PanelQuery] = []
                for query in silent where try await !hasNumbers(query, in: prometheus) { stillSilent.append(query) }
                silent = stillSilent
                return silent.isEmpty
            }
        } catch is ConditionNotMet {
            for query in silent { Issue.record("no number: \(query)") }
        }
        // A ratio of what has not happened between two scrapes yet is none; more traffic makes it one.
        var unrecorded = recordings
        do {
            try await eventually("every recorded series has a number", within: .seconds(60)) {
                try await traffic.round()
                var still: [String] = []
                for name in unrecorded
                where try await !prometheus.now(name).flatMap(\.values).contains(where: \.isFinite) {
                    still.append(name)
                }
                unrecorded = still
                return unrecorded.isEmpty
            }
        } catch is ConditionNotMet {
            for name in unrecorded { Issue.record("no number: \(name)") }
        }
    }

    /// Whether a query returns a number; its legend has to fit to what it returns.
    private func hasNumbers(_ query: PanelQuery, in prometheus: RunningPrometheus) async throws -> Bool {
        let answer = try await prometheus.answer(to: query)
        for series in answer {
            for label in query.legendLabels {
                #expect(series.labels[label] != nil, "no \(label) in \(series.labels) of \(query)")
            }
        }
        return answer.flatMap(\.values).contains(where: \.isFinite)
    }

    private func expectSoundRules(in prometheus: RunningPrometheus) async throws {
        let rules = try await prometheus.rules()
        let expected = try RuleFile(RuleFile.recording).rules + RuleFile(RuleFile.alerting).rules
        #expect(rules.map(\.name).sorted() == expected.map(\.name).sorted())
        for rule in rules { #expect(rule.health == "ok", "\(rule.name): \(rule.error)") }
        let alerts = try await Set(prometheus.now("ALERTS").compactMap { $0.labels["alertname"] })
        #expect(alerts.subtracting(Self.machineDependent).isEmpty)
        #expect(try await prometheus.now(#"ALERTS{alertstate="firing"}"#).isEmpty)
    }

    /// A mistake in a file is told until it is mended.
    private func expectReloads(
        of server: RunningServer,
        _ token: URL,
        in prometheus: RunningPrometheus
    ) async throws {
        let alert = #"ALERTS{alertname="WormholeConfigReloadFailed", alertstate="pending"}"#
        for (text, isPending) in [("short", true), ("another-that-is-long-enough", false)] {
            try Data("\(text)\n".utf8).write(to: token)
            await server.child.send(signal: SIGHUP)
            try await eventually("\(text): the alert is pending: \(isPending)") {
                try await prometheus.now(alert).isEmpty != isPending
            }
        }
        #expect(try await server.change("PUT", "/motd", ["text": "Back at noon"]).status == 204)
        let actions = #"sum by (action) (wormhole_admin_actions_total) > 0"#
        try await eventually("the change is counted") {
            try await prometheus.now(actions).contains { $0.labels == ["action": "set_motd"] && $0.values == [1] }
        }
    }

    /// The marks of starts, reloads and drains appear, and the alert for a server that is gone is on its way.
    private func expectDrain(of server: RunningServer, in prometheus: RunningPrometheus) async throws {
        let annotations = try Dashboard("wormhole-overview").annotations.map {
            PanelQuery(panel: "annotation", json: $0)
        }
        let pair = try await RelayPair(port: server.ports.transit)
        await server.child.send(signal: SIGTERM)
        for annotation in annotations {
            try await eventually("the mark \(annotation.expression)") {
                try await prometheus.answer(to: annotation).flatMap(\.values).contains { $0 > 1e12 }
            }
        }
        await pair.left.close()
        await pair.right.close()
        #expect(try await server.child.end() == .exited(0))
        try await eventually("WormholeDown is pending") {
            try await !prometheus.now(#"ALERTS{alertname="WormholeDown", alertstate="pending"}"#).isEmpty
        }
    }
}
