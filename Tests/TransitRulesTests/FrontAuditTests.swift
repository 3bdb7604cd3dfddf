import Observations
import TestSupport
import Testing
import WormholeWire

@testable import TransitRules

@Suite("Looking for clients of the relay that should not exist")
struct FrontAuditTests {
    private static func driver() -> (FrontDriver, [SlotID]) {
        let driver = FrontDriver()
        let ids = [
            driver.admit(), driver.admit(saying: Line.sided("a", "1")), driver.admit(saying: Line.sided("a", "1")),
            driver.admit(saying: Line.sided("a", "1")), driver.admit(saying: Line.legacy("b")),
        ]
        return (driver, ids)
    }

    @Test("finds nothing where everything is as it should be")
    func sound() {
        let (driver, ids) = Self.driver()
        #expect(driver.front.levels.connections == 4 && ids.allSatisfy(driver.isKnown))
        #expect(driver.findings == [])
        driver.stop()
        #expect(driver.findings == [])
    }

    @Test("finds one who waits and cannot be found", arguments: 1...4)
    func lost(index: Int) {
        let (driver, ids) = Self.driver()
        driver.front.table.leave(ids[index])
        #expect(driver.findings.map(\.check) == [.transitPairs])
    }

    @Test("finds one who can be found and does not wait")
    func ghost() throws {
        let (driver, ids) = Self.driver()
        let handshake = Line.handshake("c", "1")
        let match = driver.front.table.arrive(ids[0], with: handshake)
        #expect(match == .nobody)
        #expect(driver.findings.map(\.check) == [.transitPairs])
    }

    @Test("the records of the server's own clients say whose they are, also when one of them was alone")
    func selfTest() throws {
        let token = Line.handshake("s", nil).token
        let driver = FrontDriver(selfTestToken: token)
        _ = driver.admit(saying: Line.sided("s", "1"))
        _ = driver.admit(saying: Line.sided("s", "2"))
        let alone = driver.admit(saying: Line.sided("s", "3"))
        _ = driver.admit(saying: Line.sided("x", "1"))
        _ = driver.admit(saying: Line.sided("x", "2"))
        driver.end(alone)
        var joined: [Bool] = []
        var ended: [Bool] = []
        for effect in driver.takeEffects() {
            switch effect {
            case .join(let junction): joined.append(junction.record.isSelfTest)
            case .observe(.transitEnded(let summary)): ended.append(summary.isSelfTest)
            default: break
            }
        }
        #expect(joined == [true, false])
        #expect(ended == [true])
    }
}
