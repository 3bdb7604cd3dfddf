/// The vertical axis of a chart: from zero to a round number.
struct ChartScale: Equatable, Sendable {
    /// The number at the upper end; above zero.
    let top: Double
    /// Where lines are drawn, from zero to ``top``.
    let ticks: [Double]

    /// - Parameters:
    ///   - largest: The largest number shown; none and anything that is no number count as zero.
    ///   - isWhole: Whether only whole numbers mean something.
    init(upTo largest: Double?, isWhole: Bool) {
        let usable = largest.map { $0.isFinite && $0 > 0 && $0 < 1e18 ? $0 : 0 } ?? 0
        // Below a thousandth there is nothing to see.
        let largest = usable > 0 ? max(usable, 0.001) : 1
        let step = max(Self.roundStep(largest / 4), isWhole ? 1 : 0)
        let count = max(1, Int((largest / step).rounded(.up)))
        top = Double(count) * step
        ticks = (0...count).map { Double($0) * step }
    }

    /// The least of 1, 2, 5, 10, 20, 50 and so on that is not below.
    private static func roundStep(_ least: Double) -> Double {
        var power = 1e-6
        while power * 10 <= least { power *= 10 }
        // What division leaves behind is not to make the step larger.
        return [1, 2, 5, 10].map { $0 * power }.first { $0 >= least * 0.999_999 } ?? power * 10
    }
}

/// The horizontal axis of a chart.
struct ChartSpan: Equatable, Sendable {
    /// What the ticks are.
    enum Ticks: Sendable { case minutes, hours, days, months }

    /// In seconds since 1970.
    let start: Int
    let slots: Int
    /// Seconds of one.
    let slotLength: Int
    let ticks: Ticks

    var length: Int { slots * slotLength }
    var end: Int { start + length }
    func start(of slot: Int) -> Int { start + slot * slotLength }

    /// How a slot is named in a table.
    func name(of slot: Int) -> String {
        let time = UTCTime(start(of: slot))
        return switch ticks {
        case .minutes: time.exactClock
        case .hours: "\(time.day) \(time.clock)"
        case .days, .months: time.date
        }
    }

    /// Where a line is drawn, and what stands below it.
    var marks: [(time: Int, label: String)] {
        switch ticks {
        case .minutes:
            let step = [60, 120, 300, 600].first { length / $0 <= 6 } ?? 900
            return multiples(of: step).map { ($0, UTCTime($0).clock) }
        case .hours: return multiples(of: 4 * 3600).map { ($0, UTCTime($0).clock) }
        case .days:
            return stride(from: slots - 1, through: 0, by: -7).reversed().map {
                (start(of: $0), UTCTime(start(of: $0)).day)
            }
        case .months:
            return multiples(of: 86_400).filter { UTCTime($0).dayOfMonth == 1 && UTCTime($0).monthOfYear % 2 == 0 }
                .map { ($0, UTCTime($0).month) }
        }
    }

    private func multiples(of step: Int) -> [Int] {
        Array(stride(from: (start + step - 1) / step * step, to: end, by: step))
    }
}
