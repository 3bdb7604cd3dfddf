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
        let relayed = try RelayPairs(contender, on: workbench)
        // A first, small transfer, so that whatever is made only once is made, and that the bytes are the right ones.
        _ = try transfer(min(bytes, 4 << 20), relayed, compares: true)
        let (effort, total) = try transfer(workbench.count(bytes), relayed, compares: false)
        return [
            Self.processor: effort.server / Double(total),
            Self.rate: Double(total) / effort.elapsed,
            Self.generator: effort.generatorShare,
        ]
    }

    /// - Returns: What it took, and how many bytes arrived in all.
    private func transfer(
        _ amount: Int,
        _ relayed: RelayPairs,
        compares: Bool
    ) throws(BenchmarkError) -> (Effort, Int) {
        var ends: [BulkEnd] = []
        for pair in try relayed.open(pairs) {
            ends.append(BulkEnd(pair.one, toSend: amount, toReceive: bothWays ? amount : 0, compares: compares))
            ends.append(BulkEnd(pair.other, toSend: bothWays ? amount : 0, toReceive: amount, compares: compares))
        }
        let effort = try Effort.measure(relayed.relay.process) { () throws(BenchmarkError) in
            for end in ends { try end.start() }
            try relayed.loop.run("bulk data") { () throws(BenchmarkError) in ends.allSatisfy(\.isDone) }
        }
        for end in ends { end.close() }
        return (effort, ends.reduce(0) { $0 + $1.received })
    }
}
