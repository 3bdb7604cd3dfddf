package import Observations

/// One of the two of a pair.
package enum PairSide: Int, CaseIterable, Sendable {
    /// The one that waited.
    case first
    /// The one that came.
    case second

    package var other: PairSide { self == .first ? .second : .first }
}

/// What may still flow one way of a pair.
package enum Flow: Equatable, Sendable {
    /// Everything the source sends.
    case open
    /// So many bytes more of the source, those it had sent when the pair began to end.
    case finishing(remaining: Int)
    /// Nothing more of the source. What was taken from it is still written out; then the sink is told the end.
    case done
    /// Nothing at all: the sink takes no more, and what was taken for it is thrown away.
    case dropped
}

/// How a pair ends: in order, so that no byte a client had sent before its end is lost either way.
///
///              first ends                          all written
///     open/open ────────▶ done/finishing(n) ──────────────────▶ over: one record
///         │ first breaks                       ▲
///         └─────────────▶ finishing(n)/dropped ┘              (flow from first / flow from second)
///
/// The end of one is the end of both: nobody waits for the survivor to close. Whoever moves the bytes bounds the time by
/// giving up on a flow that makes no progress.
///
/// Rates and limits of a pair are bounds beside ``allowance(from:)``, kept by whoever moves the bytes.
package struct PairClosing: Equatable, Sendable {
    private var flows = (Flow.open, Flow.open)
    /// Why the pair ends, and who is to blame; `nil` while it lives.
    package private(set) var reason: Reason?

    package struct Reason: Equatable, Sendable {
        package let cause: SessionEndCause
        /// The one that ended it; `nil` when it was the relay.
        package let side: PairSide?
    }

    package init() {}

    package static func == (left: Self, right: Self) -> Bool {
        left.flows == right.flows && left.reason == right.reason
    }

    /// Whether the pair lives, and nothing needs to be looked at before bytes move.
    @inline(__always)
    package var isOpen: Bool { reason == nil }

    package func flow(from side: PairSide) -> Flow { side == .first ? flows.0 : flows.1 }

    /// The most bytes that may be read of a client now.
    package func allowance(from side: PairSide) -> Int {
        switch flow(from: side) {
        case .open: .max
        case .finishing(let remaining): remaining
        case .done, .dropped: 0
        }
    }

    /// Whether nothing more will be read of either.
    package var hasReadAll: Bool { allowance(from: .first) == 0 && allowance(from: .second) == 0 }

    // MARK: What happens

    /// A client has closed its sending half, and everything before that has been read.
    ///
    /// - Parameter readable: Bytes its partner has sent that are not yet read.
    package mutating func sourceEnded(_ side: PairSide, readableOfOther readable: Int) {
        begin(.clientClose, side)
        settle(side, to: .done)
        limit(side.other, to: readable)
    }

    /// Reading of a client failed: it is gone. What was read before still goes to its partner.
    package mutating func sourceFailed(_ side: PairSide) {
        begin(.ioError, side)
        settle(side, to: .done)
        settle(side.other, to: .dropped)
    }

    /// A client takes no more.
    ///
    /// - Parameter readable: Bytes it has sent that are not yet read.
    package mutating func sinkFailed(_ side: PairSide, readable: Int) {
        begin(.ioError, side)
        settle(side.other, to: .dropped)
        limit(side, to: readable)
    }

    /// The relay ends the pair.
    ///
    /// - Parameters:
    ///   - readableOfFirst: Bytes the first has sent that are not yet read.
    ///   - readableOfSecond: The same of the second.
    package mutating func end(_ cause: SessionEndCause, readableOfFirst: Int, readableOfSecond: Int) {
        begin(cause, nil)
        limit(.first, to: readableOfFirst)
        limit(.second, to: readableOfSecond)
    }

    /// Bytes were read of a client.
    package mutating func took(_ count: Int, from side: PairSide) {
        guard case .finishing(let remaining) = flow(from: side) else { return }
        precondition(count <= remaining, "more was read than may flow")
        limit(side, to: remaining - count)
    }

    /// A client had fewer bytes to read than it seemed.
    package mutating func ranDry(_ side: PairSide) {
        guard case .finishing = flow(from: side) else { return }
        settle(side, to: .done)
    }

    /// The client that was to take a flow has not taken any of it for too long.
    package mutating func gaveUp(onFlowFrom side: PairSide) {
        precondition(reason != nil, "giving up on a pair that lives")
        settle(side, to: .dropped)
    }

    /// What the connection of a side is counted as having ended by.
    package func closeCause(of side: PairSide) -> CloseCause {
        guard let reason else { return .serverError }
        switch reason.cause {
        case .clientClose: return reason.side == side ? .clientClose : .peerClose
        case .ioError: return reason.side == side ? .ioError : .peerClose
        case .idleTimeout: return .idleTimeout
        case .drain: return .drain
        case .maximumDuration, .maximumBytes: return .limit
        case .quota: return .quota
        case .serverError: return .serverError
        }
    }

    // MARK: Steps

    private mutating func begin(_ cause: SessionEndCause, _ side: PairSide?) {
        if reason == nil { reason = Reason(cause: cause, side: side) }
    }

    /// A flow never opens again: the narrower bound stays.
    private mutating func limit(_ side: PairSide, to count: Int) {
        let remaining: Int
        switch flow(from: side) {
        case .open: remaining = count
        case .finishing(let before): remaining = min(count, before)
        case .done, .dropped: return
        }
        set(side, remaining > 0 ? .finishing(remaining: remaining) : .done)
    }

    private mutating func settle(_ side: PairSide, to end: Flow) {
        if flow(from: side) != .dropped { set(side, end) }
    }

    private mutating func set(_ side: PairSide, _ flow: Flow) {
        if side == .first { flows.0 = flow } else { flows.1 = flow }
    }
}
