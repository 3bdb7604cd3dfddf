import Observations
import WormholeWire

/// How many of the short numbers are taken in the application that has most of them: of 9, of 90, of 900.
struct ShortNameplateUse: Sendable {
    private var byLength = [Use](repeating: Use(), count: 3)

    private struct Use {
        var counts: [AppID: Int] = [:]
        var highest = HighestCount()
    }

    mutating func taken(_ nameplate: Nameplate, in app: AppID) {
        guard let place = Self.place(of: nameplate) else { return }
        let count = byLength[place].counts[app, default: 0] + 1
        byLength[place].counts[app] = count
        byLength[place].highest.rose(to: count)
    }

    mutating func freed(_ nameplate: Nameplate, in app: AppID) {
        guard let place = Self.place(of: nameplate), let count = byLength[place].counts[app] else { return }
        byLength[place].counts[app] = count == 1 ? nil : count - 1
        byLength[place].highest.fell(to: count - 1)
    }

    var levels: MailboxLevels.ShortNameplates {
        var levels = MailboxLevels.ShortNameplates()
        levels.ofOneDigit = byLength[0].highest.highest
        levels.ofTwoDigits = byLength[1].highest.highest
        levels.ofThreeDigits = byLength[2].highest.highest
        return levels
    }

    /// - Returns: `nil` for one that `allocate` does not hand out while there are short ones: longer, or with a zero in front.
    private static func place(of nameplate: Nameplate) -> Int? {
        let digits = nameplate.digits.utf8
        return digits.count <= 3 && digits.first != UInt8(ascii: "0") ? digits.count - 1 : nil
    }
}
