import Observations
import Testing
import WormholeWire

@testable import Telemetry

@Suite("Usage records")
struct UsageRecordTests {
    @Test("every observation that is a record becomes one, and no other")
    func kinds() {
        let records = Scenario.observations.compactMap(UsageRecord.init)
        #expect(records.map(\.kind) == [.clientVersion, .nameplate, .mailbox, .transit, .transit])
    }

    @Test("the second connection of a pair has no record of its own")
    func jilted() {
        #expect(UsageRecord(.transitEnded(Sample.transfer(mood: .jilted))) == nil)
    }

    @Test("what a client calls itself is kept up to 128 bytes of whole characters")
    func clipped() {
        let long = String(repeating: "a", count: 127) + "é" + String(repeating: "b", count: 1_000_000)
        guard case .clientVersion(let binding) = UsageRecord(.clientBound(Sample.binding(implementation: long))) else {
            Issue.record("no record")
            return
        }
        #expect(binding.implementation == String(repeating: "a", count: 127))
        #expect(binding.version == "0.24.0")
        let exact = String(repeating: "c", count: 128)
        #expect(
            UsageRecord(.clientBound(Sample.binding(version: exact)))
                == .clientVersion(Sample.binding(version: exact))
        )
    }
}
