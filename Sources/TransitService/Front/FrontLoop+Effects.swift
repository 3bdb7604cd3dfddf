internal import Admission
internal import LinuxIO
internal import Observations
internal import TransitRules
internal import WormholeWire

/// Carrying out what the rules decide.
extension FrontLoop {
    func perform(_ effect: FrontEffect) {
        switch effect {
        case .observe(let observation):
            observations.append(observation)
        case .wait(let id):
            clients.handshakeEnded(at: id.index)
        case .refuse(let id, let reply):
            clients.handshakeEnded(at: id.index)
            refuse(id, with: reply)
        case .close(let id, let cause, let farewell):
            close(id, cause, farewell)
        case .join(let junction):
            join(junction)
        }
    }

    /// Ends a connection that epoll could not be made to watch.
    func endUnwatched(_ id: SlotID) {
        observations.append(.internalErrorCaught(.transit))
        var effects: [FrontEffect] = []
        rules.ended(id, cause: .serverError, at: now, into: &effects)
        for effect in effects { perform(effect) }
    }

    private func refuse(_ id: SlotID, with reply: TransitReply) {
        let isSocket: Void? = clients.withSocket(at: id.index) { socket in
            // The first bytes on a new socket always find room; if the client is gone, nobody misses them.
            _ = reply.withBytes { socket.send($0) }
            socket.finishSending()
        }
        if isSocket == nil, let key = removeWebSocket(id) { bridge?.refuse(key, with: reply) }
    }

    private func close(_ id: SlotID, _ cause: CloseCause, _ farewell: Farewell) {
        switch clients.remove(at: id.index) {
        case .some(.socket(let end)):
            // Closing the descriptor, at the end of this scope, takes it out of epoll as well.
            observations.append(.connectionClosed(end.kind, cause: cause, lifetime: now - end.accepted))
        case .some(.webSocket(let key)):
            webSocketIDs[key] = nil
            bridge?.close(key, cause, farewell)
        case .none:
            preconditionFailure("the rules close a client nobody knows")
        }
    }

    private func join(_ junction: Junction) {
        guard let first = clients.remove(at: junction.first.index),
            let second = clients.remove(at: junction.second.index)
        else { preconditionFailure("the rules join a client nobody knows") }
        switch consume first {
        case .socket(let first):
            switch consume second {
            case .socket(var second):
                second.pass.handshakeEnded()
                relay(first, second, junction)
            case .webSocket(let key):
                bridge(first, to: key, isFirst: true, junction)
            }
        case .webSocket(let first):
            switch consume second {
            case .socket(var second):
                second.pass.handshakeEnded()
                bridge(second, to: first, isFirst: false, junction)
            case .webSocket(let second):
                webSocketIDs[first] = nil
                webSocketIDs[second] = nil
                bridge?.join(first, second, record: junction.record)
            }
        }
    }

    /// Two sockets: tells both, and lets the pair begin here.
    private func relay(_ first: consuming RelayEnd, _ second: consuming RelayEnd, _ junction: Junction) {
        let unsentToFirst = sayOK(to: first.descriptor)
        let unsentToSecond = sayOK(to: second.descriptor)
        let record = junction.record
        observations.append(.transitPaired(record.pairing(on: .tcpToTCP, at: .current)))
        let newcomers = NewPair(
            first: first,
            second: second,
            record: record,
            early: junction.early,
            unsentToFirst: unsentToFirst,
            unsentToSecond: unsentToSecond
        )
        handedOn += 2
        home.adopt(newcomers)
    }

    /// A socket and a WebSocket client: gives the socket to the event loop of the other.
    private func bridge(
        _ socket: consuming RelayEnd,
        to key: WebSocketKey,
        isFirst: Bool,
        _ junction: Junction
    ) {
        webSocketIDs[key] = nil
        let unsent = sayOK(to: socket.descriptor)
        release(socket.descriptor)
        guard let bridge else { preconditionFailure("a WebSocket client without an event loop") }
        let handoff = SocketHandoff(
            end: socket,
            side: isFirst ? .first : .second,
            unsent: unsent,
            early: junction.early,
            record: junction.record
        )
        handedOn += 1
        bridge.join(handoff, with: key)
    }

    /// - Returns: What the socket did not take.
    private func sayOK(to socket: borrowing Descriptor) -> [UInt8] {
        TransitReply.ok.withBytes { bytes in
            switch socket.send(bytes) {
            case .moved(let count): Array(bytes.dropFirst(count))
            case .wouldBlock: Array(bytes)
            case .ended, .failed: []  // Whoever relays will meet the failure.
            }
        }
    }

    /// Takes a socket out of this loop's epoll, for its next owner has one of its own.
    private func release(_ socket: borrowing Descriptor) {
        do throws(ErrorNumber) {
            try epoll.remove(socket)
        } catch {
            preconditionFailure("epoll does not know a socket of ours: \(error)")
        }
    }

    private func removeWebSocket(_ id: SlotID) -> WebSocketKey? {
        guard case .some(.webSocket(let key)) = clients.remove(at: id.index) else { return nil }
        webSocketIDs[key] = nil
        return key
    }
}
