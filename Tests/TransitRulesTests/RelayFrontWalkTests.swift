import Observations
import TestSupport
import TransitRules
import Testing
import WormholeWire

/// Random lives of many clients, and what must hold at every step.
@Suite
struct RelayFrontWalkTests {
    private static let openings = [
        Line.legacy(), Line.sided("a", "1"), Line.sided("a", "2"), Line.sided("b", "1"), Line.legacy("b"),
        Line.sided("a", "1") + "early", "bad\n", "please relay ", "\n", String(repeating: "x", count: 1500),
    ]

    @Test(
        "everyone admitted leaves exactly one record or shares one, and nobody is closed twice",
        arguments: 0..<60 as Range<UInt64>
    )
    func walk(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let driver = FrontDriver(
            handshake: .seconds(Int64.random(in: 0...20, using: &random)),
            wait: .seconds(Int64.random(in: 0...40, using: &random)),
            farewell: .seconds(2)
        )
        var known: [SlotID] = []
        var admitted = 0
        var records = 0
        var joined = 0

        for step in 0..<600 {
            switch Int.random(in: 0...9, using: &random) {
            case 0...2:
                known.append(driver.admit(Bool.random(using: &random) ? .tcp : .webSocket))
                admitted += 1
            case 3...5:
                guard let id = known.randomElement(using: &random) else { continue }
                driver.receive(Self.openings.randomElement(using: &random) ?? "", from: id)
            case 6:
                guard let id = known.randomElement(using: &random) else { continue }
                switch Int.random(in: 0...2, using: &random) {
                case 0: driver.message(from: id)
                case 1: driver.text(from: id)
                default: driver.judge(.handshake(Line.handshake("c", nil)), from: id)
                }
            case 7:
                guard let id = known.randomElement(using: &random) else { continue }
                driver.end(id)
            default:
                driver.pass(.milliseconds(Int64.random(in: 0...3000, using: &random)))
            }
            for effect in driver.takeEffects() {
                switch effect {
                case .observe(.transitEnded): records += 1
                case .observe: break
                case .wait(let id): #expect(known.contains(id), "seed \(seed), step \(step)")
                case .refuse(let id, _):
                    #expect(known.contains(id), "seed \(seed), step \(step)")
                    if !driver.isKnown(id) { known.removeAll { $0 == id } }
                case .close(let id, _, _):
                    #expect(known.contains(id), "seed \(seed), step \(step): closed twice")
                    known.removeAll { $0 == id }
                case .join(let junction):
                    #expect(
                        known.contains(junction.first) && known.contains(junction.second),
                        "seed \(seed), step \(step)"
                    )
                    known.removeAll { $0 == junction.first || $0 == junction.second }
                    joined += 2
                }
            }
            #expect(driver.front.brokenInvariant == nil, "seed \(seed), step \(step)")
            #expect(driver.findings.isEmpty, "seed \(seed), step \(step)")
            #expect(known.allSatisfy(driver.isKnown), "seed \(seed), step \(step)")
            #expect(known.count == driver.front.connectionCount, "seed \(seed), step \(step)")
        }
        driver.stop()
        records += driver.takeMoods().count
        #expect(records + joined == admitted, "seed \(seed)")
        #expect(driver.front.connectionCount == 0)
        #expect(driver.front.nextDeadline == nil)
    }
}
