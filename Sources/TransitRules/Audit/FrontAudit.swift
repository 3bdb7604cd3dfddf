package import Observations

/// Goes through everybody who has no partner, some at a time, and notes what should not be.
///
/// It looks between two turns of the loop, when everything must fit; who comes or goes meanwhile does no harm.
package struct FrontAudit: Sendable {
    private var next: UInt32 = 0
    package private(set) var findings: [InvariantFinding] = []

    /// The most findings that are kept: what is wrong once is often wrong many times.
    private static let maximumFindings = 100

    package init(of front: borrowing RelayFront) {
        findings = front.table.miscounts
    }

    /// Looks at the next connections.
    ///
    /// - Parameter limit: How many of them.
    /// - Returns: Whether there are more.
    package mutating func step(_ front: borrowing RelayFront, limit: UInt32) -> Bool {
        let end = min(next + limit, UInt32(front.connections.frontier))
        while next < end {
            if front.connections.isOccupied(next), findings.count < Self.maximumFindings,
                let finding = front.finding(at: next)
            {
                findings.append(finding)
            }
            next += 1
        }
        return next < front.connections.frontier
    }
}

extension RelayFront {
    fileprivate func finding(at index: UInt32) -> InvariantFinding? {
        let isWaiting = connections[index].phase == .waiting
        if connections[index].phase == .gone {
            return InvariantFinding(.transitPairs, "a connection that is gone is still known")
        }
        if isWaiting != table.contains(connections.id(at: index)) {
            return InvariantFinding(.transitPairs, "who waits and who can be found do not agree")
        }
        return isWaiting && !table.isLinked(at: index)
            ? InvariantFinding(.transitPairs, "a waiting connection cannot be reached by its token") : nil
    }
}
