internal import Observations
internal import TransitRules

/// Looking for state that should not exist.
extension RelayWorker {
    /// Called between two turns of pairs. Ten thousand pairs take a tenth of a millisecond.
    func audit() -> [InvariantFinding] {
        var findings: [InvariantFinding] = []
        if meter.sessions != pairs.count {
            let text = "pairs of a worker: counted \(meter.sessions), there are \(pairs.count)"
            findings.append(InvariantFinding(.transitPairs, text))
        }
        for index in pairs.indices where !pairs[index].closing.isOpen && !pairs[index].isWatchedEnding {
            findings.append(InvariantFinding(.transitPairs, "a pair ends that nobody watches"))
        }
        let counted = observations.openConnections(.transit, .tcp) + takenOver
        let held = 2 * pairs.count + departing.count
        if counted != held {
            let text = "relayed connections of a worker: counted \(counted), there are \(held)"
            findings.append(InvariantFinding(.counterGauge, text))
        }
        return findings
    }
}
