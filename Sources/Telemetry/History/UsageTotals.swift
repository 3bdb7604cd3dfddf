package import WormholeWire

/// What happened, counted by name: the names of the table `counters`, in ``UsageTotals/names``.
package struct UsageTotals: Equatable, Sendable {
    /// Every name there is, in the order of the tables.
    package static var names: [String] { UsageCounts.names }

    /// What clients are told apart by, in the order of ``clients``.
    package static var clientNames: [String] { ClientImplementation.allCases.map(\.rawValue) }

    private var values: [String: Int]

    init(_ values: [String: Int]) {
        self.values = values
    }

    package internal(set) subscript(name: String) -> Int {
        get { values[name] ?? 0 }
        set { values[name] = newValue }
    }

    package subscript(result: NameplateResult) -> Int { self["nameplates_\(result.rawValue)"] }
    package subscript(result: MailboxResult) -> Int { self["mailboxes_\(result.rawValue)"] }
    package subscript(mood: TransitMood) -> Int { self["transit_\(mood.rawValue)"] }

    /// Nothing happened.
    package var isEmpty: Bool { values.values.allSatisfy { $0 == 0 } }

    package var nameplates: Int { NameplateResult.allCases.reduce(0) { $0 + self[$1] } }
    package var mailboxes: Int { MailboxResult.allCases.reduce(0) { $0 + self[$1] } }
    /// Records of the relay: pairs, and connections that never had a partner.
    package var transits: Int { TransitMood.allCases.reduce(0) { $0 + self[$1] } }
    /// Bytes relayed, each record's rounded down when start times are blurred.
    package var transitBytes: Int { self["transit_bytes"] }

    /// Clients by what they call themselves, in the order of the table.
    package var clients: [(implementation: String, count: Int)] {
        ClientImplementation.allCases.map { ($0.rawValue, self["clients_\($0.rawValue)"]) }
    }
}

/// One hour or one day, and what happened in it.
package struct UsageSpan: Equatable, Sendable {
    package let start: Timestamp
    package internal(set) var totals: UsageTotals
}

/// Clients that call themselves the same, and how many there were.
package struct UsageClientVersion: Equatable, Sendable {
    /// As the client sent it: anything may be in it.
    package let implementation: String?
    package let version: String?
    package let clients: Int
}

/// How long the spans of a series are. They begin at whole hours or days of UTC.
package enum UsageStep: String, CaseIterable, Sendable {
    case hour, day

    package var seconds: Int {
        switch self {
        case .hour: 3600
        case .day: 86400
        }
    }

    /// The range that begins and ends with whole spans.
    package func widening(_ range: Range<Timestamp>) -> Range<Timestamp> {
        let window = Int64(seconds) * 1_000_000
        func floor(_ time: Timestamp) -> Int64 {
            let remainder = time.microseconds % window
            return time.microseconds - (remainder < 0 ? remainder + window : remainder)
        }
        let end = floor(range.upperBound)
        let start = Timestamp(microseconds: floor(range.lowerBound))
        return start..<Timestamp(microseconds: end == range.upperBound.microseconds ? end : end + window)
    }
}

extension Timestamp {
    /// Whole seconds since the epoch.
    var wholeSeconds: Int { Int(microseconds / 1_000_000) }
}
