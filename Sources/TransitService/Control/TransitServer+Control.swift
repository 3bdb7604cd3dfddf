internal import Admission
internal import Synchronization
internal import TransitRules

/// What an operator does while the relay runs.
extension TransitServer {
    /// Changes the limits, except for those of pipes and of what the WebSocket listener does before a client is one. Those who are
    /// in stay; their times and rates are the new ones. To be called while the relay runs.
    package func reconfigure(_ change: @Sendable (inout TransitConfiguration) -> Void) {
        let (front, workers, bridge) = loops
        // Of two changes, every loop hears of the later one last.
        current.withLock { configuration in
            let before = configuration
            change(&configuration)
            let now = configuration
            doorkeeper.change(now.admission)
            front?.post(
                .perform {
                    $0.change(FrontTimeouts(now), waitingPerSourceAndToken: now.waitingPerSourceAndToken)
                }
            )
            let news = LimitChange(
                limits: RelayLimits(now),
                throttle: Throttle(now),
                changesRates: (before.sessionRate, before.globalRate) != (now.sessionRate, now.globalRate)
            )
            for worker in workers { worker.perform { $0.change(news) } }
            bridge?.perform { $0.change(news) }
        }
        reportLimits()
    }

    /// Lets nobody new in, or lets connections in again.
    package func setDraining(_ isDraining: Bool) {
        doorkeeper.setDraining(isDraining)
    }

    /// Every connection without a partner, and every pair.
    package func overview() async -> [TransitConnectionOverview] {
        let (front, workers, bridge) = loops
        var all: [TransitConnectionOverview] = []
        if let front { all += await ask { answer in front.post(.perform { answer.give($0.overview()) }) } ?? [] }
        for (index, worker) in workers.enumerated() {
            all += await ask { answer in worker.perform { answer.give($0.overview(of: index)) } } ?? []
        }
        if let bridge { all += await ask { answer in bridge.perform { answer.give($0.overview()) } } ?? [] }
        return all
    }

    /// Ends one of them, in order.
    ///
    /// - Returns: Whether it was there.
    package func end(_ id: TransitConnectionID) async -> Bool {
        let (front, workers, bridge) = loops
        switch id.place {
        case .front(let slot):
            guard let front else { return false }
            return await ask { answer in front.post(.perform { answer.give($0.end(slot)) }) } ?? false
        case .worker(let index, let slot):
            guard workers.indices.contains(index) else { return false }
            return await ask { answer in workers[index].perform { answer.give($0.end(slot)) } } ?? false
        case .bridge(let number):
            guard let bridge else { return false }
            return await ask { answer in bridge.perform { answer.give($0.end(number)) } } ?? false
        }
    }

    /// Ends everybody who is in, in order.
    package func endAll() {
        let (front, workers, bridge) = loops
        front?.post(.perform { $0.endAll() })
        for worker in workers { worker.perform { $0.endAll() } }
        bridge?.perform { $0.endAll() }
    }

    private var loops: (front: FrontPort?, workers: [RelayPort], bridge: BridgePort?) {
        running.withLock { ($0?.front, $0?.workers.map(\.port) ?? [], $0?.webSockets?.port) }
    }

    /// - Returns: `nil` when the loop runs no more.
    private func ask<Value: Sendable>(_ question: (LoopAnswer<Value>) -> Void) async -> Value? {
        await withCheckedContinuation { question(LoopAnswer($0)) }
    }
}

/// One connection without a partner, or one pair, at one moment.
package struct TransitConnectionOverview: Equatable, Sendable {
    package let id: TransitConnectionID
    /// `handshaking`, `waiting` and `refused` connections; `relaying` and `ending` pairs.
    package let state: String
    package let age: Duration
    /// Payload of a pair, both ways together; `nil` for a connection.
    package let bytes: UInt64?
}

/// The name of a connection or pair, from which nothing can be learnt.
///
///     f-1f00000003    a connection without a partner
///     p2-1f00000003   a pair of a worker
///     w-17            a pair with a WebSocket client
package struct TransitConnectionID: Equatable, Sendable, LosslessStringConvertible {
    enum Place: Equatable, Sendable {
        case front(SlotID)
        case worker(Int, SlotID)
        case bridge(UInt64)
    }

    let place: Place

    init(_ place: Place) { self.place = place }

    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let kind = parts[0].first, parts[1].utf8.count <= 20 else { return nil }
        switch kind {
        case "f" where parts[0].count == 1:
            guard let tag = UInt64(parts[1], radix: 16) else { return nil }
            place = .front(SlotID(tag: tag))
        case "p":
            guard let worker = Int(parts[0].dropFirst()), let tag = UInt64(parts[1], radix: 16) else { return nil }
            place = .worker(worker, SlotID(tag: tag))
        case "w" where parts[0].count == 1:
            guard let number = UInt64(parts[1]) else { return nil }
            place = .bridge(number)
        default:
            return nil
        }
    }

    package var description: String {
        switch place {
        case .front(let slot): "f-\(String(slot.tag, radix: 16))"
        case .worker(let index, let slot): "p\(index)-\(String(slot.tag, radix: 16))"
        case .bridge(let number): "w-\(number)"
        }
    }
}
