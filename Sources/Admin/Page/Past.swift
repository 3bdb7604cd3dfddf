import Telemetry
import WormholeWire

/// What the usage database says of the last day, month and year, and of today and this month. All in UTC, and as blurred as
/// the database is.
struct Past: Sendable {
    /// The last of them is under way.
    let hours: [Slot]
    let days: [Slot]
    let weeks: [Slot]
    let today: Slot
    let thisMonth: Slot
    /// When it was read, in seconds since 1970.
    let time: Double

    /// Some hours or days, and what happened in them by the names of the table `counters`.
    struct Slot: Equatable, Sendable {
        let start: Int
        var values: [String: Int]

        init(start: Int, values: [String: Int]) {
            self.start = start
            self.values = values
        }

        init(_ span: UsageSpan) {
            start = Int(span.start.seconds)
            values = [:]
            for name in UsageTotals.names where span.totals[name] != 0 { values[name] = span.totals[name] }
        }

        /// Several in a row as one.
        init(_ slots: some Collection<Slot>) {
            start = slots.first?.start ?? 0
            values = slots.reduce(into: [:]) { $0.merge($1.values) { $0 + $1 } }
        }

        subscript(name: String) -> Int { values[name] ?? 0 }

        var bytes: Int { self["transit_bytes"] }

        /// Of nameplates, mailboxes or transit records: those of one result.
        func ended(_ kind: OutcomeKind, _ result: String) -> Int { self["\(kind.rawValue)_\(result)"] }
        func ended(_ kind: OutcomeKind) -> Int { kind.results.reduce(0) { $0 + ended(kind, $1) } }
    }

    static let weekCount = 52
    private static let (hour, day) = (3600, 86_400)

    /// - Parameters:
    ///   - hours: Of the last day.
    ///   - days: Of the last year: whole weeks, today the last.
    init(hours: [Slot], days: [Slot], time: Double) {
        self.hours = hours
        self.days = days.suffix(30)
        weeks = stride(from: 0, to: days.count, by: 7).map { Slot(days[$0..<min($0 + 7, days.count)]) }
        today = Slot(days.suffix(1))
        thisMonth = Slot(days.suffix(UTCTime(Int(time)).dayOfMonth))
        self.time = time
    }

    /// Reads it; may wait for a lock.
    init(_ history: UsageHistory, now: Double) throws(TelemetryError) {
        let now = Timestamp(seconds: now)
        let hours = try history.series((now - .seconds(23 * Self.hour))..<now, step: .hour)
        let days = try history.series((now - .seconds((Self.weekCount * 7 - 1) * Self.day))..<now, step: .day)
        self.init(
            hours: hours.suffix(24).map { Slot($0) },
            days: days.suffix(Self.weekCount * 7).map { Slot($0) },
            time: now.seconds
        )
    }
}

/// What can end, by the names of the table `counters`.
enum OutcomeKind: String, CaseIterable, Sendable {
    case transit, nameplates, mailboxes

    var results: [String] {
        switch self {
        case .transit: TransitMood.allCases.map(\.rawValue)
        case .nameplates: NameplateResult.allCases.map(\.rawValue)
        case .mailboxes: MailboxResult.allCases.map(\.rawValue)
        }
    }

    var title: String {
        switch self {
        case .transit: "Transfers"
        case .nameplates: "Codes"
        case .mailboxes: "Mailboxes"
        }
    }

    /// Where they are counted since the start.
    var family: String {
        switch self {
        case .transit: "wormhole_transit_sessions_total"
        case .nameplates: "wormhole_nameplates_closed_total"
        case .mailboxes: "wormhole_mailboxes_closed_total"
        }
    }
}

/// A stretch of the past that is drawn.
enum PastRange: String, CaseIterable, Sendable {
    case day, month, year

    var title: String {
        switch self {
        case .day: "Last day, by hour"
        case .month: "Last month, by day"
        case .year: "Last year, by week"
        }
    }

    func slots(_ past: Past) -> [Past.Slot] {
        switch self {
        case .day: past.hours
        case .month: past.days
        case .year: past.weeks
        }
    }

    private var slotLength: Int {
        switch self {
        case .day: 3600
        case .month: 86_400
        case .year: 7 * 86_400
        }
    }

    private var ticks: ChartSpan.Ticks {
        switch self {
        case .day: .hours
        case .month: .days
        case .year: .months
        }
    }

    private func span(_ past: Past) -> ChartSpan {
        let slots = slots(past)
        return ChartSpan(start: slots.first?.start ?? 0, slots: slots.count, slotLength: slotLength, ticks: ticks)
    }

    func bytes(_ past: Past, title: String = "Relayed") -> Chart {
        Chart(
            id: "\(rawValue)-bytes",
            title: title,
            figure: .bytes,
            form: .bars,
            span: span(past),
            series: [.init(name: "bytes of finished transfers", values: slots(past).map { Double($0.bytes) })]
        )
    }

    /// How many went well, and how many did not.
    func outcomes(_ past: Past, _ kind: OutcomeKind) -> Chart {
        Chart(
            id: "\(rawValue)-\(kind.rawValue)",
            title: kind.title,
            figure: .count,
            form: .bars,
            span: span(past),
            series: [
                .init(name: "happy", values: slots(past).map { Double($0.ended(kind, "happy")) }),
                .init(
                    name: "any other end",
                    values: slots(past).map { Double($0.ended(kind) - $0.ended(kind, "happy")) }
                ),
            ]
        )
    }
}
