import Observations
import TestSupport
import Testing

@Suite("The highest of many counts")
struct HighestCountTests {
    @Test("is the same as one finds by looking at all of them", arguments: 0..<20 as Range<UInt64>)
    func walk(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var counts = [Int](repeating: 0, count: 5)
        var highest = HighestCount()
        for step in 0..<2000 {
            let index = Int.random(in: 0..<counts.count, using: &random)
            if counts[index] == 0 || Bool.random(using: &random) {
                counts[index] += 1
                highest.rose(to: counts[index])
            } else {
                counts[index] -= 1
                highest.fell(to: counts[index])
            }
            #expect(highest.highest == counts.max(), "seed \(seed), step \(step)")
        }
    }
}
