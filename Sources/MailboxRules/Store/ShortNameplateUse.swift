import Observations
import WormholeWire

/// Which of the short numbers, 1 to 999, are taken in each application, and how many in the one that has most of them.
struct ShortNameplateUse: Sendable {
    private var byApp: [AppID: ShortNumbers] = [:]
    /// Of 9, of 90, of 900.
    private var highest = [HighestCount](repeating: HighestCount(), count: ShortNumbers.ranges.count)

    mutating func taken(_ nameplate: Nameplate, in app: AppID) {
        guard let number = ShortNumbers.number(of: nameplate),
            let now = byApp[app, default: ShortNumbers()].change(number, isTaken: true)
        else { return }
        highest[now.place].rose(to: now.count)
    }

    mutating func freed(_ nameplate: Nameplate, in app: AppID) {
        guard let number = ShortNumbers.number(of: nameplate),
            let now = byApp[app]?.change(number, isTaken: false)
        else { return }
        highest[now.place].fell(to: now.count)
        if byApp[app]?.isEmpty == true { byApp[app] = nil }
    }

    /// A free one of the fewest digits there are free ones of, each as likely as any other.
    ///
    /// - Returns: `nil` when all are taken.
    func anyFree(in app: AppID, using random: inout some RandomNumberGenerator) -> Nameplate? {
        (byApp[app] ?? ShortNumbers()).anyFree(using: &random).map { Nameplate($0) }
    }

    var levels: MailboxLevels.ShortNameplates {
        var levels = MailboxLevels.ShortNameplates()
        levels.ofOneDigit = highest[0].highest
        levels.ofTwoDigits = highest[1].highest
        levels.ofThreeDigits = highest[2].highest
        return levels
    }
}

/// A set of numbers from 1 to 999.
private struct ShortNumbers: Sendable {
    /// The numbers of each length.
    static let ranges = [1..<10, 10..<100, 100..<1000]

    /// One bit a number.
    private var words = [UInt64](repeating: 0, count: 16)
    private var counts = [0, 0, 0]

    var isEmpty: Bool { counts == [0, 0, 0] }

    /// - Returns: `nil` for a nameplate that is not handed out while there are short ones: longer, or with a zero in front.
    static func number(of nameplate: Nameplate) -> Int? {
        let digits = nameplate.digits.utf8
        guard digits.count <= 3, digits.first != UInt8(ascii: "0") else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }

    /// - Returns: How many of its length are taken now; `nil` when nothing has changed.
    mutating func change(_ number: Int, isTaken: Bool) -> (place: Int, count: Int)? {
        guard has(number) != isTaken else { return nil }
        let place = number < 10 ? 0 : number < 100 ? 1 : 2
        words[number / 64] ^= 1 << (number % 64)
        counts[place] += isTaken ? 1 : -1
        return (place, counts[place])
    }

    private func has(_ number: Int) -> Bool { words[number / 64] & 1 << (number % 64) != 0 }

    func anyFree(using random: inout some RandomNumberGenerator) -> Int? {
        for (range, count) in zip(Self.ranges, counts) where count < range.count {
            var rest = Int.random(in: 0..<(range.count - count), using: &random)
            for number in range where !has(number) {
                if rest == 0 { return number }
                rest -= 1
            }
        }
        return nil
    }
}
