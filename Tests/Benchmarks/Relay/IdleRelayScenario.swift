/// Memory for connections through which nothing goes.
struct IdleRelayScenario: Scenario {
    /// What the connections are.
    enum Kind: String {
        /// Without a partner.
        case waiting
        /// With one, and silent.
        case paired
    }

    let kind: Kind
    let rounds: Int? = 1

    var name: String { "relay-\(kind)" }
    var title: String { "relay: \(kind) idle connections" }
    var contenders: [Contender] { kind == .waiting ? [.ours, .original] : [.ours, .original, .haproxy] }

    private static let connections = 10_000
    /// Connected before the memory is looked at for the first time, so that what is needed only once is there.
    private static let first = 200
    private static let perConnection = "resident memory per connection"
    private static let atRest = "resident memory without any"
    private static let processor = "server CPU per connection"

    var metrics: [Metric] {
        [
            Metric(
                name: Self.perConnection,
                unit: .bytes,
                targets: [.within(600, reason: "the issue")]
            ),
            Metric(name: Self.atRest, unit: .megabytes, targets: [.within(35e6, reason: "the issue")]),
            Metric(name: Self.processor, unit: .microseconds),
            Metric(name: "connections", unit: .count),
        ]
    }

    func measure(_ contender: Contender, on workbench: Workbench) throws(BenchmarkError) -> Sample {
        let relayed = try RelayPairs(contender, on: workbench)
        guard let process = relayed.relay.process else { throw BenchmarkError("there is no relay") }
        let atRest = try process.residentBytes()
        try grow(relayed, by: Self.first)
        _ = try process.settle()
        let before = try process.residentBytes()
        let count = workbench.count(Self.connections)
        let effort = try Effort.measure(process) { () throws(BenchmarkError) in
            try grow(relayed, by: count)
        }
        let after = try process.residentBytes()
        return [
            Self.perConnection: (after - before) / Double(count),
            Self.atRest: atRest,
            Self.processor: effort.server / Double(count),
            "connections": Double(count),
        ]
    }

    private func grow(_ relayed: RelayPairs, by count: Int) throws(BenchmarkError) {
        switch kind {
        case .paired:
            for pair in try relayed.open(count / 2) {
                pair.one.user = IdleEnd.shared
                pair.other.user = IdleEnd.shared
            }
        case .waiting:
            try wait(relayed, count)
        }
    }

    /// Connects clients without partners, a few at a time; then a pair, whose `ok` comes after all of them were read.
    private func wait(_ relayed: RelayPairs, _ count: Int) throws(BenchmarkError) {
        var connected = 0
        while connected < count {
            let wanted = min(connected + 16, count)
            for _ in connected..<wanted { try relayed.openWaiting { connected += 1 } }
            try relayed.loop.run("clients") { () throws(BenchmarkError) in connected == wanted }
            if connected.isMultiple(of: 512) || connected == count {
                for pair in try relayed.open(1) {
                    pair.one.close()
                    pair.other.close()
                }
            }
        }
    }
}

/// An end that nothing happens to.
private final class IdleEnd: ConnectionUser, Sendable {
    static let shared = IdleEnd()

    func connection(_ connection: Connection, received bytes: UnsafeRawBufferPointer) throws(BenchmarkError) {
        throw BenchmarkError("bytes arrived that nobody has sent")
    }

    func connectionEnded(_ connection: Connection) throws(BenchmarkError) {
        throw BenchmarkError("an idle pair was ended")
    }
}
