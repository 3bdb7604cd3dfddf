/// Round trips of 64 bytes on one pair that has the relay for itself.
struct RoundTripScenario: Scenario {
    let name = "relay-round-trips"
    let title = "relay: 64 B round trips, 1 pair"
    let contenders: [Contender] = [.ours, .original, .haproxy, .direct]

    private static let processor = "server CPU per round trip"
    private static let median = "round trip, p50"
    private static let slowest = "round trip, p99"

    let metrics = [
        Metric(name: Self.processor, unit: .microseconds, targets: [.atMost(1, of: .haproxy)]),
        Metric(name: Self.median, unit: .microseconds),
        Metric(name: Self.slowest, unit: .microseconds),
    ]

    func measure(_ contender: Contender, on workbench: Workbench) throws(BenchmarkError) -> Sample {
        let relayed = try RelayPairs(contender, on: workbench)
        guard let pair = try relayed.open(1).first else { throw BenchmarkError("there is no pair") }
        let trips = RoundTrips(pair)
        defer { trips.close() }
        try trips.run(seconds: 0.2, on: relayed.loop)
        let effort = try Effort.measure(relayed.relay.process) { () throws(BenchmarkError) in
            try trips.run(seconds: workbench.seconds(2), on: relayed.loop)
        }
        let quantiles = trips.durations.quantiles(0.5, 0.99)
        return [
            Self.processor: effort.server / Double(trips.durations.count),
            Self.median: quantiles[0],
            Self.slowest: quantiles[1],
        ]
    }
}
