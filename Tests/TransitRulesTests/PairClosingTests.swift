import Observations
import TestSupport
import TransitRules
import Testing

@Suite
struct PairClosingTests {
    @Test("a living pair lets everything through")
    func open() {
        let closing = PairClosing()
        #expect(closing.isOpen)
        #expect(closing.allowance(from: .first) == .max)
        #expect(closing.allowance(from: .second) == .max)
        #expect(!closing.hasReadAll)
    }

    @Test("an end lets through what the other had sent by then, and no more", arguments: PairSide.allCases)
    func sourceEnded(side: PairSide) {
        var closing = PairClosing()
        closing.sourceEnded(side, readableOfOther: 100)
        #expect(!closing.isOpen)
        #expect(closing.flow(from: side) == .done)
        #expect(closing.flow(from: side.other) == .finishing(remaining: 100))
        closing.took(60, from: side.other)
        #expect(closing.allowance(from: side.other) == 40)
        closing.took(40, from: side.other)
        #expect(closing.flow(from: side.other) == .done)
        #expect(closing.hasReadAll)
        #expect(closing.closeCause(of: side) == .clientClose)
        #expect(closing.closeCause(of: side.other) == .peerClose)
        #expect(closing.reason?.cause == .clientClose)
    }

    @Test("with nothing to read of the other, an end is the end", arguments: PairSide.allCases)
    func sourceEndedAlone(side: PairSide) {
        var closing = PairClosing()
        closing.sourceEnded(side, readableOfOther: 0)
        #expect(closing.hasReadAll)
        #expect(closing.flow(from: side.other) == .done)
    }

    @Test("who cannot be read any more gets nothing any more", arguments: PairSide.allCases)
    func sourceFailed(side: PairSide) {
        var closing = PairClosing()
        closing.sourceFailed(side)
        #expect(closing.flow(from: side) == .done)
        #expect(closing.flow(from: side.other) == .dropped)
        #expect(closing.closeCause(of: side) == .ioError)
        #expect(closing.closeCause(of: side.other) == .peerClose)
    }

    @Test("who takes nothing any more is still heard to the end of what it had sent", arguments: PairSide.allCases)
    func sinkFailed(side: PairSide) {
        var closing = PairClosing()
        closing.sinkFailed(side, readable: 5)
        #expect(closing.flow(from: side.other) == .dropped)
        #expect(closing.flow(from: side) == .finishing(remaining: 5))
        closing.ranDry(side)
        #expect(closing.flow(from: side) == .done)
        #expect(closing.hasReadAll)
    }

    @Test(
        "the relay's own end lets both finish",
        arguments: [
            (SessionEndCause.idleTimeout, CloseCause.idleTimeout), (.drain, .drain), (.serverError, .serverError),
            (.quota, .quota), (.maximumBytes, .limit),
        ]
    )
    func ended(cause: SessionEndCause, closeCause: CloseCause) {
        var closing = PairClosing()
        closing.end(cause, readableOfFirst: 3, readableOfSecond: 0)
        #expect(closing.flow(from: .first) == .finishing(remaining: 3))
        #expect(closing.flow(from: .second) == .done)
        #expect(PairSide.allCases.map(closing.closeCause) == [closeCause, closeCause])
    }

    @Test("the first reason stays, and no flow ever opens again", arguments: 0..<200 as Range<UInt64>)
    func walk(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var closing = PairClosing()
        var reason: PairClosing.Reason?
        for step in 0..<30 {
            let before = PairSide.allCases.map(closing.allowance)
            let flows = PairSide.allCases.map(closing.flow)
            let side = PairSide.allCases.randomElement(using: &random) ?? .first
            let count = Int.random(in: 0...50, using: &random)
            switch Int.random(in: 0...6, using: &random) {
            case 0: closing.sourceEnded(side, readableOfOther: count)
            case 1: closing.sourceFailed(side)
            case 2: closing.sinkFailed(side, readable: count)
            case 3: closing.end(.drain, readableOfFirst: count, readableOfSecond: count)
            case 4: closing.took(min(count, closing.allowance(from: side)), from: side)
            case 5: closing.ranDry(side)
            default: if !closing.isOpen { closing.gaveUp(onFlowFrom: side) }
            }
            let after = PairSide.allCases.map(closing.allowance)
            #expect(zip(before, after).allSatisfy { $0 >= $1 }, "seed \(seed), step \(step)")
            for (side, flow) in zip(PairSide.allCases, flows) where flow == .dropped {
                #expect(closing.flow(from: side) == .dropped, "seed \(seed), step \(step)")
            }
            if let reason { #expect(closing.reason == reason, "seed \(seed), step \(step)") }
            reason = closing.reason
            #expect(closing.isOpen == (closing.flow(from: .first) == .open && closing.flow(from: .second) == .open))
        }
    }
}
