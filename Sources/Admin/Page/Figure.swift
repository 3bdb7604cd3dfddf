/// What a number counts, and how it is written for people.
enum Figure: Sendable {
    case count, perSecond, bytes, bytesPerSecond, seconds

    /// Stands where there is no number.
    static let none = "–"

    /// As a unit's name at an axis.
    var name: String {
        switch self {
        case .count: "number"
        case .perSecond: "per second"
        case .bytes: "bytes"
        case .bytesPerSecond: "bytes per second"
        case .seconds: "seconds"
        }
    }

    /// The number with its unit, to two or three digits; whole numbers of things as they are.
    func text(_ value: Double?) -> String {
        guard let value, value.isFinite, value >= 0, value < 9e18 else { return Self.none }
        switch self {
        case .count, .perSecond: return Self.decimal(value)
        case .bytes: return Self.bytes(value)
        case .bytesPerSecond: return Self.bytes(value) + "/s"
        case .seconds: return Self.seconds(value)
        }
    }

    func text(_ value: Int) -> String { text(Double(value)) }

    private static func bytes(_ value: Double) -> String {
        var (value, units) = (value, ["B", "kB", "MB", "GB", "TB", "PB"][...])
        // 999.95 would be written as 1000 of the smaller unit.
        while value >= 999.5, units.count > 1 {
            value /= 1000
            units.removeFirst()
        }
        return "\(decimal(value)) \(units.first ?? "B")"
    }

    private static func seconds(_ value: Double) -> String {
        switch value {
        case 0: "0 s"
        case ..<0.9995: "\(decimal(value * 1000)) ms"
        case ..<99.5: "\(decimal(value)) s"
        case ..<5970: "\(decimal((value / 60 * 10).rounded() / 10)) min"
        default: "\(decimal((value / 3600 * 10).rounded() / 10)) h"
        }
    }

    /// How long something has lasted: `3 d 4 h`, `4 h 5 min`, `5 min 6 s`.
    static func age(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 9e18 else { return none }
        let whole = Int(seconds)
        let (days, hours, minutes) = (whole / 86400, whole / 3600 % 24, whole / 60 % 60)
        return days > 0
            ? "\(days) d \(hours) h"
            : hours > 0
                ? "\(hours) h \(minutes) min" : minutes > 0 ? "\(minutes) min \(whole % 60) s" : "\(whole) s"
    }

    /// Whole from a hundred on, with a comma between thousands; below with as many decimals as tell something.
    private static func decimal(_ value: Double) -> String {
        let decimals = value >= 99.95 ? 0 : value >= 1 ? 1 : value >= 0.1 ? 2 : 3
        let power = [1, 10, 100, 1000][decimals]
        let scaled = Int((value * Double(power)).rounded())
        let whole = grouped(scaled / power)
        var rest = String(scaled % power + power).dropFirst()
        while rest.last == "0" { rest.removeLast() }
        return rest.isEmpty ? whole : "\(whole).\(rest)"
    }

    private static func grouped(_ value: Int) -> String {
        var text = ""
        for (place, digit) in String(value).reversed().enumerated() {
            if place > 0, place % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return String(text.reversed())
    }
}
