internal import Admission
internal import LinuxIO
internal import Observations
internal import TransitRules

/// Letting connections in.
extension FrontLoop {
    /// Connections accepted in one turn, so that a flood of newcomers leaves time for those who are in.
    private static let acceptsPerTurn = 64
    /// Rest after accepting has failed, as it does while there are no descriptors: it would fail again at once.
    private static let acceptPause = Duration.milliseconds(100)

    func watchListeners() throws(ErrorNumber) {
        for (index, listener) in listeners.enumerated() {
            // Level-triggered: what is not accepted in this turn is reported in the next.
            try epoll.add(listener.socket.descriptor, for: .readable, tag: FrontTag.listener(index).bits)
        }
    }

    func acceptConnections(on listener: FrontListener) {
        for _ in 0..<Self.acceptsPerTurn {
            do throws(ErrorNumber) {
                guard let socket = try AcceptedSocket.next(from: listener.socket.descriptor) else { return }
                ask(socket)
            } catch {
                observations.append(.acceptFailed(AcceptFailure(error)))
                // The one who left while queueing is no reason to stop.
                guard error == .connectionAborted else { return pauseAccepting() }
            }
        }
    }

    func resumeAccepting() {
        acceptResumes = nil
        setListenerInterest(.readable)
    }

    /// Accepts nobody any more. The file of a Unix socket goes with its listener.
    func closeListeners() {
        for listener in listeners { listener.socket.removePath() }
        listeners = []
    }

    // MARK: Steps

    /// Closes a connection that may not come in, before anything is said to it.
    private func ask(_ socket: consuming AcceptedSocket) {
        guard !DescriptorReserve.contains(socket.descriptor) else {
            observations.append(.connectionRejected(.transit, reason: .descriptorReserve))
            return
        }
        let arrival = Arrival.current
        switch doorkeeper.admit(socket.source, at: arrival.instant.nanoseconds) {
        case .admitted(let pass): admit(socket, pass, arrival)
        case .refused(let reason): observations.append(.connectionRejected(.transit, reason: reason))
        }
    }

    private func admit(_ socket: consuming AcceptedSocket, _ pass: consuming DoorPass, _ arrival: Arrival) {
        let source = pass.source
        let kind = ConnectionKind(component: .transit, transport: .tcp, family: AddressFamily(socket.family))
        let end = RelayEnd(descriptor: socket.takeDescriptor(), pass: pass, kind: kind, accepted: arrival.instant)
        let id = rules.admit(.tcp, accepted: arrival, from: source, at: arrival.instant)
        observations.append(.connectionAccepted(kind))
        do throws(ErrorNumber) {
            try epoll.add(end.descriptor, for: .inputForLife, tag: FrontTag.client(id).bits)
            clients.insert(.socket(end), at: id.index)
        } catch {
            // The kernel has no room to watch it.
            clients.insert(.socket(end), at: id.index)
            endUnwatched(id)
        }
    }

    private func pauseAccepting() {
        acceptResumes = now + Self.acceptPause
        setListenerInterest([])
    }

    private func setListenerInterest(_ interest: Readiness) {
        do throws(ErrorNumber) {
            for (index, listener) in listeners.enumerated() {
                try epoll.modify(listener.socket.descriptor, for: interest, tag: FrontTag.listener(index).bits)
            }
        } catch {
            preconditionFailure("epoll does not know our own listener: \(error)")
        }
    }
}

extension AddressFamily {
    init(_ family: AcceptedSocket.Family) {
        switch family {
        case .ipv4: self = .ipv4
        case .ipv6: self = .ipv6
        case .unix: self = .unix
        }
    }
}

extension AcceptFailure {
    init(_ error: ErrorNumber) {
        switch error {
        case .processDescriptors: self = .processDescriptors
        case .systemDescriptors: self = .systemDescriptors
        case .connectionAborted: self = .aborted
        default: self = .other
        }
    }
}
