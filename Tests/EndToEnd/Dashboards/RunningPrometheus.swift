import Foundation
import Glibc
import TestSupport
import Testing

/// A Prometheus that scrapes one server every second and evaluates our rules as often.
final class RunningPrometheus: Sendable {
    /// One series of an answer, with its values in the order of time.
    struct Series: Sendable {
        let labels: [String: String]
        let values: [Double]
    }

    /// How far back range queries look, and what the shortest rates are over: enough for five scrapes.
    private static let window = 20.0
    private static let rateInterval = "5s"

    private let child: ChildProcess
    private let folder: TemporaryFolder
    private let address: String

    /// - Parameter port: The admin endpoint's.
    init(scraping port: Int) async throws {
        folder = try TemporaryFolder()
        let rules = [RuleFile.recording, RuleFile.alerting].map {
            RuleFile.folder.appending(path: $0).path(percentEncoded: false)
        }
        let configuration = """
            global: {scrape_interval: 1s, evaluation_interval: 1s}
            rule_files: [\(rules.joined(separator: ", "))]
            scrape_configs:
              - job_name: wormhole-server
                static_configs: [{targets: ['127.0.0.1:\(port)']}]
            """
        let file = folder.path + "/prometheus.yml"
        try Data(configuration.utf8).write(to: URL(filePath: file))
        child = try ChildProcess(
            Repository.tool("prometheus"),
            ["--config.file=\(file)", "--storage.tsdb.path=\(folder.path)/data", "--web.listen-address=127.0.0.1:0"]
        )
        try await child.errors("Prometheus is ready") { $0.contains("Server is ready to receive web requests") }
        let listening = try #require(child.errors.firstMatch(of: /msg="Listening on" address=(\S+)/))
        address = String(listening.1)
    }

    /// Asks what a panel asks, as Grafana does.
    func answer(to query: PanelQuery) async throws -> [Series] {
        let expression = query.expression(rateInterval: Self.rateInterval)
        guard !query.isInstant else { return try await now(expression) }
        let end = Date().timeIntervalSince1970
        let parameters = ["query": expression, "start": "\(end - Self.window)", "end": "\(end)", "step": "1"]
        return try await series(get("query_range", parameters))
    }

    /// The value of an expression at this moment.
    func now(_ expression: String) async throws -> [Series] {
        try await series(get("query", ["query": expression]))
    }

    /// What Prometheus thinks of the rules: name, health and the last error of each.
    func rules() async throws -> [(name: String, health: String, error: String)] {
        let groups = try #require(await get("rules")["data"]?["groups"]?.array)
        return groups.flatMap { $0["rules"]?.array ?? [] }.map {
            ($0["name"]?.string ?? "", $0["health"]?.string ?? "", $0["lastError"]?.string ?? "")
        }
    }

    func end() async throws -> ChildProcess.Ending {
        child.send(signal: SIGTERM)
        return try await child.end()
    }

    private func series(_ answer: JSON) throws -> [Series] {
        let results = try #require(answer["data"]?["result"]?.array, "\(answer.text)")
        return results.map { result in
            var labels: [String: String] = [:]
            if case .object(let members)? = result["metric"] { labels = members.compactMapValues(\.string) }
            // Each is a time and a number as text.
            let samples = result["values"]?.array ?? result["value"].map { [$0] } ?? []
            return Series(labels: labels, values: samples.compactMap { $0.array?.last?.string.flatMap(Double.init) })
        }
    }

    private func get(_ path: String, _ parameters: [String: String] = [:]) async throws -> JSON {
        let fields = parameters.flatMap { ["--data-urlencode", "\($0.key)=\($0.value)"] }
        let arguments = ["--silent", "--show-error", "--get", "--max-time", "20"] + fields
        let curl = try ChildProcess("curl", arguments + ["http://\(address)/api/v1/\(path)"])
        let ending = try await curl.end()
        try #require(ending == .exited(0), "\(curl.transcript)")
        let answer = try JSON(curl.output)
        try #require(answer["status"] == "success", "\(curl.transcript)")
        return answer
    }
}
