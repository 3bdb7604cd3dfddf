internal import Observations
internal import TransitRules

/// Looking for state that should not exist.
extension Bridge {
    func audit() -> [InvariantFinding] {
        var findings: [InvariantFinding] = []
        for (path, meter) in meters {
            let held = pairs.values.count { $0.path == path }
            guard held != meter.sessions else { continue }
            let text = "pairs \(path.rawValue): counted \(meter.sessions), there are \(held)"
            findings.append(InvariantFinding(.transitPairs, text))
        }
        for pair in pairs.values where !pair.closing.isOpen && ending[ObjectIdentifier(pair)] == nil {
            findings.append(InvariantFinding(.transitPairs, "a pair ends that nobody watches"))
        }
        compare("relayed WebSocket clients", observations.openConnections(.transit, .webSocket), connected.count)
        compare("sockets relayed to them", observations.openConnections(.transit, .tcp) + takenOver, sockets.count)
        return findings

        func compare(_ what: String, _ counted: Int, _ held: Int) {
            guard counted != held else { return }
            let text = "\(what): counted \(counted), there are \(held)"
            findings.append(InvariantFinding(.counterGauge, text))
        }
    }
}
