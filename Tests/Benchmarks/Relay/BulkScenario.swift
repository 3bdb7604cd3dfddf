/// So many bytes through so many pairs.
struct BulkScenario: Scenario {
    let name: String
    let title: String
    let pairs: Int
    /// What goes from the first end of each pair to the second.
    let bytes: Int
    /// Whether as much goes back at the same time.
    let bothWays: Bool
    let metrics: [Metric]
    let contenders: [Contender] = [.ours, .original, .haproxy, .direct]

    static let processor = "server CPU"
    static let rate = "throughput"
    static let generator = "load generator, of one CPU"

    func measure(_ contender: Contender, on workbench: Workbench) throws(BenchmarkError) -> Sample {
        let (one, other) = try RelayPairs.two(contender, on: workbench)
        // Clients are processes of their own. Where there are many, one thread would be the bottleneck.
        let lanes = pairs > 1 ? [one, other] : [one]
        // A first, small transfer, so that whatever is made only once is made, and that the bytes are the right ones.
        _ = try transfer(min(bytes, 4 << 20), lanes, compares: true)
        let (effort, total) = try transfer(workbench.count(bytes), lanes, compares: false)
        return [
            Self.processor: effort.server / Double(total),
            Self.rate: Double(total) / effort.elapsed,
            Self.generator: effort.generatorShare / Double(lanes.count),
        ]
    }

    /// - Returns: What it took, and how many bytes arrived in all.
    private func transfer(
        _ amount: Int,
        _ lanes: [RelayPairs],
        compares: Bool
    ) throws(BenchmarkError) -> (Effort, Int) {
        var ends: [[BulkEnd]] = []
        for lane in lanes {
            let pairs = try lane.open(pairs / lanes.count)
            ends.append(
                pairs.flatMap { pair in
                    [
                        BulkEnd(pair.one, toSend: amount, toReceive: bothWays ? amount : 0, compares: compares),
                        BulkEnd(pair.other, toSend: bothWays ? amount : 0, toReceive: amount, compares: compares),
                    ]
                }
            )
        }
        var total = 0
        let effort = try Effort.measure(lanes[0].relay.process) { () throws(BenchmarkError) in
            var transfers: [BackgroundBulk] = []
            for (lane, ends) in zip(lanes, ends) { transfers.append(try BackgroundBulk(ends, on: lane.loop)) }
            for transfer in transfers { total += try transfer.wait() }
        }
        return (effort, total)
    }
}
