/// Round trips of 64 bytes on one pair while others move as much as they can.
struct BesideBulkScenario: Scenario {
    let name = "relay-beside-bulk"
    let title = "relay: 64 B round trips beside 4 bulk pairs"
    let contenders: [Contender] = [.ours, .original, .haproxy, .direct]

    private static let bulkPairs = 4
    private static let median = "round trip, p50"
    private static let slowest = "round trip, p99"
    private static let rate = "bulk throughput"

    let metrics = [
        Metric(name: Self.median, unit: .milliseconds),
        Metric(name: Self.slowest, unit: .milliseconds, targets: [.atMost(0.5, of: .original)]),
        Metric(name: Self.rate, unit: .megabytesPerSecond),
    ]

    func measure(_ contender: Contender, on workbench: Workbench) throws(BenchmarkError) -> Sample {
        let (small, large) = try RelayPairs.two(contender, on: workbench)
        guard let pair = try small.open(1).first else { throw BenchmarkError("there is no pair") }
        let trips = RoundTrips(pair)
        defer { trips.close() }
        let bulk = try BackgroundBulk(large, pairs: Self.bulkPairs)
        var effort: Effort?
        var failure: BenchmarkError?
        do throws(BenchmarkError) {
            try trips.run(seconds: 0.3, on: small.loop)
            effort = try Effort.measure(nil) { () throws(BenchmarkError) in
                try trips.run(seconds: workbench.seconds(3), on: small.loop)
            }
        } catch {
            failure = error
        }
        let bytes = try bulk.stop()
        if let failure { throw failure }
        guard let effort, bytes > 0 else { throw BenchmarkError("there was no bulk data") }
        let quantiles = trips.durations.quantiles(0.5, 0.99)
        return [
            Self.median: quantiles[0],
            Self.slowest: quantiles[1],
            // It began a little earlier, with the warm-up.
            Self.rate: Double(bytes) / (effort.elapsed + 0.3),
        ]
    }
}
