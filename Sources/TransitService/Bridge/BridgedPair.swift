internal import NIOCore
internal import Observations
internal import TransitRules

/// Two clients on the event loop whose bytes are passed to each other.
///
/// What may flow when one of them ends is decided by ``PairClosing``, as for pairs of sockets. Backpressure: while a client
/// does not take what waits for it, its partner is not read. Confined to the event loop.
///
/// What waits here for a client is bounded by 64 KiB and a read more, also when its partner has sent FIN: that shows once
/// everything before it was taken.
final class BridgedPair {
    /// Never used twice while the process runs.
    let number: UInt64
    let path: TransitPath
    let record: PairRecord
    private(set) var closing = PairClosing()
    private(set) var totalBytes: UInt64 = 0
    /// When the last byte moved, in or out.
    private(set) var lastMovement: Instant

    private unowned let bridge: Bridge
    private var first: Place
    private var second: Place
    private var isRecorded = false
    private var lastQueued = 0
    private var allotment = Allotment(isLimited: true)

    /// What is known of one of the two.
    private struct Place {
        let client: any BridgedClient
        /// Since when it is not read, for its partner's sake; `nil` while it is.
        var pausedSince: Instant?
        /// It is gone, or on its way with everything written: not to be touched any more.
        var isSettled = false
        /// How much of its own is still passed on, when its partner has ended; see ``BridgedClient/inputProgress``.
        var lastInput: UInt64?
    }

    init(
        first: any BridgedClient,
        second: any BridgedClient,
        path: TransitPath,
        record: PairRecord,
        bridge: Bridge
    ) {
        self.first = Place(client: first)
        self.second = Place(client: second)
        self.path = path
        self.record = record
        self.bridge = bridge
        number = bridge.nextPairNumber()
        lastMovement = .current
    }

    // MARK: Bytes

    /// Payload of a client has come.
    func received(_ payload: ByteBuffer, from side: PairSide) {
        var payload = payload
        // What comes after the end is nobody's any more, and does not count.
        guard closing.allowance(from: side) > payload.readableBytes else { return }
        let room = bridge.limits.bytes - min(totalBytes, bridge.limits.bytes)
        if payload.readableBytes > room { payload = payload.readSlice(length: Int(room)) ?? payload }
        let count = payload.readableBytes
        closing.took(count, from: side)
        totalBytes += UInt64(count)
        lastMovement = .current
        bridge.progressed(count, on: path)
        pay(count)
        let sink = client(side.other)
        sink.write(payload)
        guard totalBytes < bridge.limits.bytes else { return end(.maximumBytes) }
        guard !sink.isWritable else { return }
        // Now, because a client that is not read any more reports no end of its read either.
        sink.flush()
        if !sink.isWritable { pause(side) }
    }

    /// Everything one read of a client brought has been passed on.
    func readCompleted(_ side: PairSide) {
        let sink = client(side.other)
        guard !place(side.other).isSettled else { return }
        sink.flush()
        if sink.isWritable { resume(side) }
        if !closing.isOpen { proceed() }
    }

    /// A client takes more again, or does not.
    func writabilityChanged(_ side: PairSide) {
        lastMovement = .current
        if client(side).isWritable { resume(side.other) }
    }

    // MARK: Rates

    /// Whether nothing but its clients keeps it from moving bytes.
    var mayIdleOut: Bool { closing.isOpen && allotment.wait == nil }

    /// Takes what has come out of the buckets. Whoever is overdrawn is not read until that is made good: one read in advance
    /// at the most.
    private func pay(_ count: Int) {
        guard let throttle = bridge.throttle, closing.isOpen else { return }
        let now = Instant.current
        let promise = throttle.take(count, from: &allotment.bucket, at: now)
        guard promise.start > now, allotment.wait == nil else { return }
        if allotment.beginWaiting(promise.limit, at: now) { bridge.observe(.limitHit(promise.limit)) }
        for side in PairSide.allCases where !place(side).isSettled && !isPaused(side) { client(side).pauseReading() }
        bridge.after(promise.start - now) { self.goOn() }
    }

    /// The rates are other ones from now on: asks anew for what it may move.
    func ratesChanged() {
        goOn()
        allotment = Allotment(isLimited: true)
    }

    private func goOn() {
        guard let wait = allotment.wait else { return }
        bridge.throttledTime.add(.current - wait.since, wait.limit)
        bridge.scheduleReport()
        allotment.refill(0)
        for side in PairSide.allCases where !place(side).isSettled && !isPaused(side) { client(side).resumeReading() }
    }

    // MARK: The end

    /// A client will send no more.
    ///
    /// - Parameter takesMore: Whether it still takes what its partner had sent by now.
    func sourceEnded(_ side: PairSide, takesMore: Bool) {
        if takesMore, closing.isOpen {
            let sent = client(side.other).inputProgress.sent
            if side == .first { second.lastInput = sent } else { first.lastInput = sent }
        }
        begin { $0.sourceEnded(side, readableOfOther: takesMore ? .max : 0) }
        if !takesMore { settle(side) }
        proceed()
    }

    /// A client is gone without an orderly end.
    func failed(_ side: PairSide) {
        begin { $0.sourceFailed(side) }
        settle(side)
        proceed()
    }

    /// The relay ends the pair.
    func end(_ cause: SessionEndCause) {
        begin { $0.end(cause, readableOfFirst: 0, readableOfSecond: 0) }
        proceed()
    }

    /// Gives up on a pair that has ended: what was not taken by now is lost.
    func abandon() {
        for side in PairSide.allCases where !place(side).isSettled {
            settle(side)
            client(side).abort(closing.closeCause(of: side))
        }
        proceed()
    }

    /// Bytes that wait here.
    var queuedBytes: Int { first.client.queuedBytes + second.client.queuedBytes }

    /// Goes on ending, where that waits for bytes to be taken. Called now and then.
    func proceed() {
        guard !closing.isOpen else { return }
        let queued = queuedBytes
        if queued < lastQueued { lastMovement = .current }
        lastQueued = queued
        for side in PairSide.allCases {
            if let last = place(side).lastInput, client(side).inputProgress.passedOn >= last { closing.ranDry(side) }
        }
        // A WebSocket client that was told the end is not heard any more: not before everything of its own was taken.
        for side in PairSide.allCases where !place(side).isSettled && closing.hasReadAll {
            client(side).flush()
            guard client(side).queuedBytes == 0 else { continue }
            settle(side)
            client(side).finish(closing.closeCause(of: side))
        }
        if first.isSettled && second.isSettled && !isRecorded {
            isRecorded = true
            bridge.ended(self)
        }
    }

    // MARK: Steps

    private func begin(_ end: (inout PairClosing) -> Void) {
        let wasOpen = closing.isOpen
        end(&closing)
        guard wasOpen else { return }
        lastMovement = .current
        // What is left is bounded by what the kernel holds.
        goOn()
        bridge.beganEnding(self)
    }

    private func settle(_ side: PairSide) {
        measurePause(side)
        if side == .first { first.isSettled = true } else { second.isSettled = true }
    }

    private func pause(_ side: PairSide) {
        guard !isPaused(side) else { return }
        if side == .first { first.pausedSince = .current } else { second.pausedSince = .current }
        client(side).pauseReading()
    }

    private func resume(_ side: PairSide) {
        guard isPaused(side), !place(side).isSettled else { return }
        measurePause(side)
        if allotment.wait == nil { client(side).resumeReading() }
    }

    private func measurePause(_ side: PairSide) {
        guard let since = place(side).pausedSince else { return }
        bridge.paused(for: .current - since, on: path)
        if side == .first { first.pausedSince = nil } else { second.pausedSince = nil }
    }

    private func isPaused(_ side: PairSide) -> Bool { place(side).pausedSince != nil }
    private func place(_ side: PairSide) -> Place { side == .first ? first : second }
    private func client(_ side: PairSide) -> any BridgedClient { place(side).client }
}

@available(*, unavailable)
extension BridgedPair: Sendable {}
