internal import LinuxIO
internal import Observations
internal import TransitRules

/// The life of a pair.
extension RelayWorker {
    /// Takes over a new pair, whose sockets are in this epoll already. It tells at once what they are ready for.
    func adopt(_ newcomers: consuming NewPair) {
        let now = supplies.now
        let early = newcomers.early
        let primeForFirst = newcomers.unsentToFirst + early
        let primeForSecond = newcomers.unsentToSecond
        let record = newcomers.record
        port.pairCame()
        takenOver += 2
        let id = pairs.insert(newcomers.makePair(isLimited: throttle != nil))
        pairs[id.index].fromSecond.prime(primeForFirst, with: supplies)
        pairs[id.index].fromFirst.prime(primeForSecond, with: supplies)
        pairs[id.index].totalBytes = UInt64(early.count)
        idling.append(id.index, at: record.paired, in: &pairs)
        watchAges(at: now)
        meter.pairCame(at: now)
        if !early.isEmpty { meter.progressed(early.count, at: now) }
        do throws(ErrorNumber) {
            let first = RelayTag(pair: id, side: .first).bits
            let second = RelayTag(pair: id, side: .second).bits
            try epoll.modify(pairs[id.index].first.descriptor, for: .socketForLife, tag: first)
            try epoll.modify(pairs[id.index].second.descriptor, for: .socketForLife, tag: second)
        } catch {
            endUnwatched(id)
        }
    }

    /// Ends a pair that epoll could not be made to watch: the kernel has no room.
    func endUnwatched(_ id: SlotID) {
        observations.append(.internalErrorCaught(.transit))
        end(id.index, .serverError)
        if pairs.contains(id) { abandon(id.index) }
    }

    /// Gives a pair its turn. The only place where pairs end: a pair is never forgotten while it stands in the queue.
    func serve(_ index: UInt32) {
        let pair = pairs.pointer(at: index)
        if !pair.pointee.closing.isOpen || pair.pointee.first.isBroken || pair.pointee.second.isBroken {
            noteBroken(.first, at: index)
            noteBroken(.second, at: index)
            pair.pointee.discardDropped(with: supplies)
        }
        let side = pair.pointee.allotment.first
        let first = advance(index, from: side)
        let second = advance(index, from: side.other)
        if first.hasMoved || second.hasMoved { noteMovement(of: index) }
        if pair.pointee.totalBytes >= limits.bytes, pair.pointee.closing.isOpen {
            pair.pointee.closing.end(.maximumBytes, readableOfFirst: 0, readableOfSecond: 0)
            watchEnding(index)
        }
        if !pair.pointee.closing.isOpen {
            pair.pointee.discardDropped(with: supplies)
            if pair.pointee.isOver { return conclude(index) }
            pair.pointee.tellEnds()
        }
        if mayMove(index) { return moveOn(index) }
        if first.yields || second.yields { runQueue.append(index, in: &pairs) }
        provide(index)
    }

    /// Ends a living pair because the relay wants it so. What both had sent by now still arrives.
    func end(_ index: UInt32, _ cause: SessionEndCause) {
        let pair = pairs.pointer(at: index)
        pair.pointee.closing.end(
            cause,
            readableOfFirst: pair.pointee.countReadable(of: .first),
            readableOfSecond: pair.pointee.countReadable(of: .second)
        )
        watchEnding(index)
        runQueue.append(index, in: &pairs)
    }

    /// Gives up on an ending pair: what was not taken by now is lost.
    func abandon(_ index: UInt32) {
        let pair = pairs.pointer(at: index)
        if pair.pointee.closing.isOpen {
            // One has sent its end, and the other does not take what came before.
            pair.pointee.closing.sourceEnded(pair.pointee.first.hasFinished ? .first : .second, readableOfOther: 0)
        }
        pair.pointee.closing.gaveUp(onFlowFrom: .first)
        pair.pointee.closing.gaveUp(onFlowFrom: .second)
        // So that nobody waits for a client that takes nothing.
        pair.pointee.first.isBroken = true
        pair.pointee.second.isBroken = true
        ending.renew(index, at: supplies.now, in: &pairs)
        runQueue.append(index, in: &pairs)
    }

    // MARK: Steps

    /// What the kernel measured, once in the life of a socket, because asking is a call.
    private func observeRoundTrip(to end: borrowing RelayEnd) {
        guard end.kind.family != .unix, let roundTrip = end.descriptor.roundTrip else { return }
        observations.append(.keepaliveAnswered(.transit, roundTrip: roundTrip))
    }

    /// Moves one client's bytes, and has the pair come again where that has changed what may still flow.
    private func advance(_ index: UInt32, from side: PairSide) -> (hasMoved: Bool, yields: Bool) {
        let pair = pairs.pointer(at: index)
        let progress = pair.pointee.advance(from: side, limit: limits.bytes, with: supplies)
        if progress.taken > 0 { meter.progressed(progress.taken, at: supplies.now) }
        switch progress.step {
        case .waiting:
            return (progress.hasMoved, false)
        case .yielded:
            return (progress.hasMoved, true)
        case .sourceEnded:
            pair.pointee.noteEnd(of: side)
            let readable = pair.pointee.countReadable(of: side.other)
            pair.pointee.closing.sourceEnded(side, readableOfOther: readable)
        case .sourceFailed:
            pair.pointee.noteBreak(of: side)
            pair.pointee.closing.sourceFailed(side)
        case .sinkFailed:
            pair.pointee.noteBreak(of: side.other)
            let readable = pair.pointee.countReadable(of: side.other)
            pair.pointee.closing.sinkFailed(side.other, readable: readable)
        }
        watchEnding(index)
        return (progress.hasMoved, true)
    }

    /// The kernel has reported that a client is gone: it takes no more, but what it sent is still there.
    private func noteBroken(_ side: PairSide, at index: UInt32) {
        let pair = pairs.pointer(at: index)
        guard pair.pointee.isBroken(side), pair.pointee.closing.flow(from: side.other) != .dropped else { return }
        pair.pointee.closing.sinkFailed(side, readable: pair.pointee.countReadable(of: side))
        watchEnding(index)
    }

    /// Looks for pairs that last too long from now on, where there is such a limit.
    func watchAges(at now: Instant) {
        guard limits.duration > .zero, nextAgeCheck == nil else { return }
        nextAgeCheck = now + RelayLimits.pause(watching: limits.duration)
    }

    /// Ends those that have lasted too long.
    func checkAges(at now: Instant) {
        for index in pairs.indices where pairs[index].closing.isOpen && limits.isOverdue(pairs[index].record, at: now) {
            end(index, .maximumDuration)
        }
        nextAgeCheck = nil
        if pairs.count > 0 { watchAges(at: now) }
    }

    /// From now on, the pair has only so long to move its next byte.
    func watchEnding(_ index: UInt32) {
        guard !pairs[index].isWatchedEnding else { return }
        pairs[index].isWatchedEnding = true
        idling.remove(index, in: &pairs)
        ending.append(index, at: supplies.now, in: &pairs)
    }

    private func noteMovement(of index: UInt32) {
        if pairs[index].isWatchedEnding {
            ending.renew(index, at: supplies.now, in: &pairs)
        } else if idling.interval != nil {
            idling.renew(index, at: supplies.now, in: &pairs)
        }
    }

    /// Everything that could be delivered is written: the record, and the sockets on their way.
    private func conclude(_ index: UInt32) {
        let now = supplies.now
        ending.remove(index, in: &pairs)
        let pair = pairs.remove(at: index)
        let closing = pair.closing
        let cause = closing.reason?.cause ?? .serverError
        observations.append(
            .transitEnded(pair.record.summary(totalBytes: pair.totalBytes, cause: cause, at: now))
        )
        meter.pairLeft(totalBytes: pair.totalBytes, at: now)
        port.pairLeft()
        let ends = pair.takeEnds()
        observeRoundTrip(to: ends.first)
        observeRoundTrip(to: ends.second)
        part(ends.first, cause: closing.closeCause(of: .first))
        part(ends.second, cause: closing.closeCause(of: .second))
    }
}
