import Foundation

/// Whether ours reaches what it has to.
struct Verdict: Codable, Sendable {
    /// What is compared and what is wanted, such as `1/20.7 of original, at most 1/18 wanted`.
    let text: String
    /// Ours divided by the other's: the median of the same rounds' ratios. Or ours alone, if there is no other.
    let figure: Double
    let isMet: Bool

    /// - Parameter values: By contender, one for each round.
    /// - Returns: `nil` when one of the two was not measured.
    init?(_ target: Target, values: [Contender: [Double]], unit: Metric.Unit) {
        guard let ours = values[.ours], !ours.isEmpty else { return nil }
        switch target {
        case .atMost(let share, let other):
            guard let ratio = Self.ratio(ours, values[other]) else { return nil }
            text = "\(Self.show(ratio)) of \(other.rawValue), at most \(Self.show(share)) wanted"
            figure = ratio
            isMet = ratio <= share
        case .atLeast(let share, let other):
            guard let ratio = Self.ratio(ours, values[other]) else { return nil }
            text = "\(Self.show(ratio)) of \(other.rawValue), at least \(Self.show(share)) wanted"
            figure = ratio
            isMet = ratio >= share
        case .within(let limit, let reason):
            guard let median = ours.median else { return nil }
            let shown = Table.number(limit * unit.scale)
            text = "\(Table.number(median * unit.scale)) \(unit.rawValue), at most \(shown) wanted (\(reason))"
            figure = median * unit.scale
            isMet = median <= limit
        }
    }

    private static func ratio(_ ours: [Double], _ others: [Double]?) -> Double? {
        guard let others else { return nil }
        return zip(ours, others).map { $0 / $1 }.median
    }

    /// A ratio below a half reads better as one part of so many.
    private static func show(_ ratio: Double) -> String {
        ratio > 0 && ratio < 0.5 ? "1/" + Table.number(1 / ratio) : Table.number(ratio)
    }
}
