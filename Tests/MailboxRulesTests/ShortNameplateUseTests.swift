import Observations
import TestSupport
import Testing
import WormholeWire

@testable import MailboxRules

@Suite("The short numbers that are taken")
struct ShortNameplateUseTests {
    private static let app = AppID(unchecked: "app")

    @Test(
        "one is handed out of those that are free, of the fewest digits, until there are none",
        arguments: 0..<3 as Range<UInt64>
    )
    func handedOut(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var use = ShortNameplateUse()
        var numbers: [Int] = []
        while let nameplate = use.anyFree(in: Self.app, using: &random) {
            numbers.append(try #require(Int(nameplate.digits)))
            use.taken(nameplate, in: Self.app)
        }
        #expect(numbers.prefix(9).sorted() == Array(1...9))
        #expect(numbers.dropFirst(9).prefix(90).sorted() == Array(10...99))
        #expect(numbers.dropFirst(99).sorted() == Array(100...999))
        #expect(numbers != Array(1...999))
        use.freed(Nameplate(57), in: Self.app)
        #expect(use.anyFree(in: Self.app, using: &random) == Nameplate(57))
        #expect(try #require(use.anyFree(in: AppID(unchecked: "another"), using: &random)).digits.count == 1)
    }

    @Test("every free one is as likely as any other")
    func uniform() {
        var random = SeededGenerator(seed: 7)
        var use = ShortNameplateUse()
        for taken in [1, 4, 5, 9] { use.taken(Nameplate(taken), in: Self.app) }
        var counts: [String: Int] = [:]
        for _ in 0..<10_000 { counts[use.anyFree(in: Self.app, using: &random)?.digits ?? "none", default: 0] += 1 }
        #expect(counts.keys.sorted() == ["2", "3", "6", "7", "8"])
        // Five standard deviations of 2,000 among 10,000.
        #expect(counts.values.allSatisfy { (1800...2200).contains($0) }, "\(counts)")
    }

    @Test("what is taken twice, as in a damaged file, is freed once, and counted once")
    func twice() {
        var random = SeededGenerator(seed: 1)
        var use = ShortNameplateUse()
        for number in 1...9 { use.taken(Nameplate(number), in: Self.app) }
        use.taken(Nameplate(3), in: Self.app)
        #expect(use.levels.ofOneDigit == 9)
        #expect(use.anyFree(in: Self.app, using: &random)?.digits.count == 2)
        use.freed(Nameplate(3), in: Self.app)
        use.freed(Nameplate(3), in: Self.app)
        #expect(use.levels.ofOneDigit == 8)
        #expect(use.anyFree(in: Self.app, using: &random) == Nameplate(3))
    }
}
