import Admission
import Observations
import TestSupport
import Testing

@Suite
struct AdmissionTableTests {
    private static func limits(
        connections: Int = 0,
        perSource: Int = 0,
        handshakes: Int = 0,
        handshakesPerSource: Int = 0
    ) -> AdmissionLimits {
        var limits = AdmissionLimits()
        limits.connections = connections
        limits.connectionsPerSource = perSource
        limits.handshakes = handshakes
        limits.handshakesPerSource = handshakesPerSource
        return limits
    }

    private let home = SourceID(hash: 1)
    private let school = SourceID(hash: 2)

    @Test("as many connections as there may be, then none until one leaves")
    func connections() {
        var table = AdmissionTable(limits: Self.limits(connections: 2))
        #expect(table.admit(home) == nil)
        #expect(table.admit(nil) == nil)
        #expect(table.admit(school) == .globalLimit)
        table.handshakeEnded(home)
        #expect(table.admit(school) == .globalLimit)
        table.left(home, isUnfinished: false)
        #expect(table.admit(school) == nil)
    }

    @Test("one source may fill its own share, and nobody else's")
    func connectionsPerSource() {
        var table = AdmissionTable(limits: Self.limits(perSource: 2))
        for _ in 0..<2 { #expect(table.admit(home) == nil) }
        #expect(table.admit(home) == .sourceLimit)
        #expect(table.admit(school) == nil)
        for _ in 0..<10 { #expect(table.admit(nil) == nil) }
        table.left(home, isUnfinished: true)
        #expect(table.admit(home) == nil)
    }

    @Test("a handshake that is said makes room for the next, of all and of its source")
    func handshakes() {
        var table = AdmissionTable(limits: Self.limits(handshakes: 3, handshakesPerSource: 2))
        for _ in 0..<2 { #expect(table.admit(home) == nil) }
        #expect(table.admit(home) == .sourceLimit)
        #expect(table.admit(school) == nil)
        #expect(table.admit(nil) == .globalLimit)
        table.handshakeEnded(home)
        #expect(table.admit(home) == nil)
        table.left(school, isUnfinished: true)
        #expect(table.admit(nil) == nil)
    }

    @Test("zero stands for any number")
    func unlimited() {
        var table = AdmissionTable(limits: Self.limits())
        for _ in 0..<5000 { #expect(table.admit(home) == nil) }
    }

    @Test("a source is forgotten with its last connection, whatever happened", arguments: 0..<20 as Range<UInt64>)
    func walk(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var table = AdmissionTable(
            limits: Self.limits(connections: 40, perSource: 8, handshakes: 20, handshakesPerSource: 4)
        )
        var inside: [(source: SourceID?, isUnfinished: Bool)] = []
        for _ in 0..<2000 {
            let index = inside.indices.randomElement(using: &random)
            switch Int.random(in: 0...3, using: &random) {
            case 0, 1:
                let number = UInt64.random(in: 0...9, using: &random)
                let source = number == 0 ? nil : SourceID(hash: number)
                if table.admit(source) == nil { inside.append((source, true)) }
            case 2:
                guard let index, inside[index].isUnfinished else { continue }
                inside[index].isUnfinished = false
                table.handshakeEnded(inside[index].source)
            default:
                guard let index else { continue }
                let gone = inside.remove(at: index)
                table.left(gone.source, isUnfinished: gone.isUnfinished)
            }
            #expect(table.connectionCount == inside.count && inside.count <= 40)
            #expect(table.handshakeCount == inside.filter(\.isUnfinished).count)
            #expect(table.sourceCount == Set(inside.compactMap(\.source)).count)
        }
    }
}
