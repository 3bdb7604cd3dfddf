internal import DequeModule
internal import HeapModule
internal import LinuxIO
internal import Observations
internal import TransitRules

/// An epoll loop that owns pairs: both their sockets, to the last byte.
///
/// Knows nothing of tokens or handshakes. A turn: take what epoll and the other threads say, give every pair in the run
/// queue its share, see to those whose time has come, report. With nothing to do it wakes once a second, to say that it still can.
///
/// The one with which pairs begin has no thread of its own: it takes part in the turns of the ``FrontLoop``.
///
/// Confined to the thread that calls ``run()``, or the front's; others speak to it through its ``RelayPort``.
final class RelayWorker: ServiceLoop {
    /// Events of one wait.
    private static let eventCapacity = 256

    let port: RelayPort
    var limits: RelayLimits
    let epoll: Epoll
    let observations: ObservationSource
    let supplies: RelaySupplies
    var throttle: Throttle?
    /// Who takes over pairs that are more than small; nobody where they stay.
    var successors: [RelayPort]
    private var events = EpollEvents(capacity: eventCapacity)

    var pairs = Slots<RelayPair>()
    var runQueue = RunQueue()
    /// Living pairs, by their last byte. Only kept in order when there is an idle timeout.
    var idling: DeadlineList
    /// Pairs that end, and those of which one has sent its end behind bytes that are not yet taken, by the last byte that
    /// moved.
    var ending: DeadlineList
    /// When to look for pairs that last too long; `nil` while there are none to look at.
    var nextAgeCheck: Instant?
    var departing = Slots<DepartingClient>()
    var departures: DeadlineList
    var meter: RelayMeter
    /// Pairs that wait for their next portion.
    var sleepers = Heap<Sleeper>()
    var throttledTime = ThrottledTime()
    /// Sockets that were taken over.
    var takenOver = 0

    private var pulse: PulseTimer
    private var drain = Drain.no

    private enum Drain {
        case no
        case until(Instant)
        /// Every pair was told to end; those that have not by then are cut off.
        case ending(abortAt: Instant)
    }

    /// - Parameters:
    ///   - index: Which owner of pairs this is, for its levels.
    ///   - pipeLimit: Its share of the pipes. None where there are successors, for a pipe does not change its owner.
    init(
        index: Int,
        port: RelayPort,
        limits: RelayLimits,
        throttle: Throttle?,
        pipeLimit: Int,
        successors: [RelayPort] = [],
        pulse: any LoopPulse,
        observations: consuming ObservationSource
    ) throws(ErrorNumber) {
        self.port = port
        self.limits = limits
        self.throttle = throttle
        self.successors = successors
        self.observations = observations
        self.pulse = PulseTimer(pulse, at: .current)
        epoll = try Epoll()
        supplies = RelaySupplies(pipeLimit: pipeLimit)
        idling = DeadlineList(interval: limits.idle)
        ending = DeadlineList(interval: limits.stalledDrain)
        departures = DeadlineList(interval: limits.departureCheck)
        meter = RelayMeter(owner: index, path: .tcpToTCP)
        try epoll.add(port.signal.descriptor, for: .readable, tag: RelayTag.signal)
    }

    /// Works until it was told to drain and everything is over.
    func run() {
        while !isFinished {
            let count = waitForEvents()
            beginTurn(at: .current)
            for index in 0..<count { handle(events[index].tag, events[index].readiness) }
            finishTurn()
        }
        end()
    }

    // MARK: Turns

    /// Whether it was told to drain, and everything is over.
    var isFinished: Bool {
        if case .no = drain { return false }
        return pairs.count == 0 && departing.count == 0
    }

    /// Whether the next turn should begin at once.
    var hasWork: Bool { !runQueue.isEmpty }

    func beginTurn(at now: Instant) {
        supplies.now = now
    }

    /// Takes an event of its epoll.
    @inline(__always)
    func handle(_ tag: UInt64, _ readiness: Readiness) {
        if tag == RelayTag.signal { followOrders() } else { note(readiness, for: RelayTag(tag)) }
    }

    func finishTurn() {
        wakeSleepers()
        // Those that come back to the queue while it is worked off have their next turn after the sockets were looked at.
        for _ in 0..<runQueue.count { serve(runQueue.removeFirst(in: &pairs)) }
        expire()
        pulse.turn(at: supplies.now)
        if let due = meter.nextReport, due <= supplies.now { report() }
        observations.flush()
    }

    /// After the last turn.
    func end() {
        report()
        observations.flush()
        pulse.end()
    }

    private func waitForEvents() -> Int {
        let milliseconds = hasWork ? 0 : nextDeadline.milliseconds(after: .current)
        do throws(ErrorNumber) {
            return try epoll.wait(into: &events, milliseconds: milliseconds)
        } catch {
            preconditionFailure("epoll_wait refuses our own arguments: \(error)")
        }
    }

    private func note(_ readiness: Readiness, for tag: RelayTag) {
        if tag.isDeparting {
            // An event from before it left its pair finds nobody of this name, or finds the right one all the same.
            if departing.contains(tag.id) { checkDeparture(tag.id.index, event: readiness) }
            return
        }
        // An event of a pair that ended earlier in this turn finds nobody of this name.
        guard pairs.contains(tag.id) else { return }
        let pair = pairs.pointer(at: tag.id.index)
        if readiness.overlaps(.peerFinished) { watchEnding(tag.id.index) }
        switch tag.side {
        case .first: pair.pointee.first.note(readiness)
        case .second: pair.pointee.second.note(readiness)
        }
        runQueue.append(tag.id.index, in: &pairs)
    }

    private func followOrders() {
        var orders = port.takeOrders()
        while let order = orders.popFirst() {
            switch consume order {
            case .adopt(let pair):
                adopt(pair)
            case .audit(let answer):
                answer.give(audit())
            case .perform(let body):
                body(self)
            case .drain(let deadline):
                switch drain {
                case .no: drain = .until(deadline)
                // Told again, because somebody is in a hurry.
                case .until(let other): drain = .until(min(deadline, other))
                case .ending: break
                }
            }
        }
    }

    private func report() {
        throttledTime.report(to: observations)
        meter.report(
            at: supplies.now,
            buffered: supplies.bufferedBytes,
            paused: &supplies.pausedNanoseconds,
            to: observations
        )
    }

    // MARK: Time

    /// When to have a turn though nothing happens.
    var nextDeadline: Instant {
        var next = Instant.earlier(pulse.due, meter.nextReport)
        next = Instant.earlier(next, idling.nextDeadline(in: pairs))
        next = Instant.earlier(next, ending.nextDeadline(in: pairs))
        next = Instant.earlier(next, departures.nextDeadline(in: departing))
        next = Instant.earlier(next, sleepers.min?.until)
        next = Instant.earlier(next, nextAgeCheck)
        switch drain {
        case .no: break
        case .until(let deadline): next = Instant.earlier(next, deadline)
        case .ending(abortAt: let deadline): next = Instant.earlier(next, deadline)
        }
        return next ?? pulse.due
    }

    private func expire() {
        let now = supplies.now
        while let index = idling.due(at: now, in: pairs) {
            guard pairs[index].allotment.wait == nil else {
                idling.renew(index, at: now, in: &pairs)
                continue
            }
            observations.append(.limitHit(.transitIdle))
            end(index, .idleTimeout)
        }
        if let due = nextAgeCheck, due <= now { checkAges(at: now) }
        while let index = ending.due(at: now, in: pairs) {
            // One that sleeps for the sake of a rate does not stand still by its own fault.
            if pairs[index].allotment.wait == nil {
                abandon(index)
            } else {
                ending.renew(index, at: now, in: &pairs)
            }
        }
        while let index = departures.due(at: now, in: departing) { checkDeparture(index, event: nil) }
        switch drain {
        case .until(let deadline) where deadline <= now:
            drain = .ending(abortAt: now + limits.abort)
            for index in pairs.indices where pairs[index].closing.isOpen { end(index, .drain) }
        case .ending(let deadline) where deadline <= now:
            for index in pairs.indices { abandon(index) }
            for index in departing.indices { closeDeparting(index) }
        case .no, .until, .ending:
            break
        }
    }
}

@available(*, unavailable)
extension RelayWorker: Sendable {}
