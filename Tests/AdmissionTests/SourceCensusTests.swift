import Admission
import LinuxIO
import Observations
import Testing

@Suite("The census of sources")
struct SourceCensusTests {
    private static func network(_ bytes: UInt8...) throws -> SourceNetwork {
        try #require(bytes.withUnsafeBytes { SourceNetwork(address: $0) })
    }

    private static func doorkeeper(_ census: SourceCensus, perSource: Int = 0) -> Doorkeeper {
        var limits = AdmissionLimits()
        limits.connectionsPerSource = perSource
        return Doorkeeper(limits: limits, countsLoopback: false, census: census)
    }

    /// Who is in until it leaves.
    private final class Guest {
        private var pass: DoorPass?

        init(_ network: SourceNetwork?, at doorkeeper: Doorkeeper) throws {
            switch doorkeeper.admit(network, at: 1) {
            case .admitted(let pass): self.pass = consume pass
            case .refused(let reason): throw Refused(reason: reason)
            }
        }

        func leave() { pass = nil }
    }

    private struct Refused: Error {
        let reason: RejectionReason
    }

    @Test("one who uses two services is one source, and holds what it holds of both")
    func bothServices() throws {
        let census = SourceCensus()
        let (mailbox, relay) = (Self.doorkeeper(census), Self.doorkeeper(census))
        let (home, school) = (try Self.network(192, 0, 2, 1), try Self.network(198, 51, 100, 7))
        var guests = [try Guest(home, at: mailbox), try Guest(home, at: relay), try Guest(school, at: relay)]
        #expect(mailbox.sourceLevels == SourceLevels(connections: 3, sources: 2, ofBusiest: 2))
        #expect(relay.sourceLevels == mailbox.sourceLevels)
        // This machine, and who comes over a Unix socket, are connections without a source.
        guests += [try Guest(Self.network(127, 0, 0, 1), at: mailbox), try Guest(nil, at: relay)]
        #expect(relay.sourceLevels == SourceLevels(connections: 5, sources: 2, ofBusiest: 2))
        guests[1].leave()
        #expect(relay.sourceLevels == SourceLevels(connections: 4, sources: 2, ofBusiest: 1))
        for guest in guests { guest.leave() }
        #expect(relay.sourceLevels == SourceLevels())
    }

    @Test("who is refused is counted nowhere, and the services' limits stay their own")
    func refused() throws {
        let census = SourceCensus()
        let (mailbox, relay) = (Self.doorkeeper(census, perSource: 1), Self.doorkeeper(census))
        let home = try Self.network(192, 0, 2, 1)
        let guest = try Guest(home, at: mailbox)
        #expect(throws: Refused.self) { _ = try Guest(home, at: mailbox) }
        let other = try Guest(home, at: relay)
        #expect(census.levels == SourceLevels(connections: 2, sources: 1, ofBusiest: 2))
        guest.leave()
        other.leave()
    }

    @Test("after a day networks have other names, and connections leave under the name they came with")
    func rotation() throws {
        let census = SourceCensus()
        let (mailbox, relay) = (Self.doorkeeper(census), Self.doorkeeper(census))
        let home = try Self.network(192, 0, 2, 1)
        let before = try Guest(home, at: mailbox)
        let day = SystemClock.monotonicNanoseconds + 90_000 * 1_000_000_000
        #expect(!relay.rotateKey(at: 0))
        #expect(mailbox.rotateKey(at: day))
        #expect(!relay.rotateKey(at: day), "the key is one")
        let after = try Guest(home, at: relay)
        #expect(census.levels == SourceLevels(connections: 2, sources: 2, ofBusiest: 1))
        before.leave()
        after.leave()
        #expect(census.levels == SourceLevels())
    }
}
