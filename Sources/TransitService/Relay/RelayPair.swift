internal import LinuxIO
internal import TransitRules

/// Two clients whose bytes are moved to each other, in the worker's table.
///
///     first ──fromFirst──▶ second
///     first ◀─fromSecond── second
struct RelayPair: ~Copyable, Scheduled {
    var first: RelayEnd
    var second: RelayEnd
    var fromFirst = RelayFlow()
    var fromSecond = RelayFlow()
    var closing = PairClosing()
    let record: PairRecord
    /// Payload accepted from both.
    var totalBytes: UInt64 = 0
    /// The list of those that idle, or of those that end.
    var schedule = Schedule()
    /// Which of the two.
    var isWatchedEnding = false
    /// Its place in the run queue.
    var isQueued = false
    var nextQueued = RunQueue.nobody
    /// What the rates allow.
    var allotment: Allotment

    init(first: consuming RelayEnd, second: consuming RelayEnd, record: PairRecord, isLimited: Bool) {
        allotment = Allotment(isLimited: isLimited)
        self.first = first
        self.second = second
        self.record = record
    }

    /// Moves what can be moved of one client's bytes.
    ///
    /// - Parameter limit: The most payload both may have sent, ever.
    @inline(__always)
    mutating func advance(from side: PairSide, limit: UInt64, with supplies: RelaySupplies) -> FlowProgress {
        var allowance = min(closing.isOpen ? Int.max : closing.allowance(from: side), allotment.bytes)
        if limit != .max { allowance = min(allowance, Int(clamping: limit - min(totalBytes, limit))) }
        let progress =
            switch side {
            case .first: fromFirst.advance(from: &first, to: &second, allowance: allowance, with: supplies)
            case .second: fromSecond.advance(from: &second, to: &first, allowance: allowance, with: supplies)
            }
        totalBytes &+= UInt64(progress.taken)
        allotment.spend(progress.taken)
        if !closing.isOpen { closing.took(progress.taken, from: side) }
        return progress
    }

    /// Bytes a client has sent that were not taken yet. They are to be had at once, whatever epoll has said so far.
    mutating func countReadable(of side: PairSide) -> Int {
        switch side {
        case .first:
            first.isReadable = true
            return first.descriptor.readableBytes
        case .second:
            second.isReadable = true
            return second.descriptor.readableBytes
        }
    }

    // MARK: From one owner to the next

    /// Takes what the pair holds out of the account of its owner.
    mutating func leave(_ supplies: RelaySupplies) {
        fromFirst.leave(supplies)
        fromSecond.leave(supplies)
    }

    /// Puts it on the account of another.
    func join(_ supplies: RelaySupplies) {
        fromFirst.join(supplies)
        fromSecond.join(supplies)
    }

    // MARK: The end

    func isBroken(_ side: PairSide) -> Bool { side == .first ? first.isBroken : second.isBroken }

    mutating func noteBreak(of side: PairSide) {
        if side == .first { first.isBroken = true } else { second.isBroken = true }
    }

    mutating func noteEnd(of side: PairSide) {
        if side == .first { first.hasEnded = true } else { second.hasEnded = true }
    }

    /// Throws away what was taken for a client that takes no more, and stops waiting for bytes that do not come.
    mutating func discardDropped(with supplies: RelaySupplies) {
        if closing.flow(from: .first) == .dropped { fromFirst.discard(with: supplies) }
        if closing.flow(from: .second) == .dropped { fromSecond.discard(with: supplies) }
        if fromFirst.isEmpty, !first.isReadable { closing.ranDry(.first) }
        if fromSecond.isEmpty, !second.isReadable { closing.ranDry(.second) }
    }

    /// Whether everything that can be delivered is written.
    var isOver: Bool { closing.hasReadAll && fromFirst.isEmpty && fromSecond.isEmpty }

    /// Tells each client the end of what comes, where it has all of it, while the other still takes its own.
    mutating func tellEnds() {
        if closing.flow(from: .first) == .done, fromFirst.isEmpty, !fromFirst.hasFinished {
            fromFirst.hasFinished = true
            second.descriptor.finishSending()
        }
        if closing.flow(from: .second) == .done, fromSecond.isEmpty, !fromSecond.hasFinished {
            fromSecond.hasFinished = true
            first.descriptor.finishSending()
        }
    }

    consuming func takeEnds() -> Ends { Ends(first: first, second: second) }

    /// The two, out of the pair.
    struct Ends: ~Copyable {
        let first: RelayEnd
        let second: RelayEnd
    }
}
