internal import LinuxIO
internal import Observations
internal import TransitRules

/// Closing the sockets of pairs that are over.
extension RelayWorker {
    /// Closes a client of a pair that is over, at once or when it has everything.
    func part(_ end: consuming RelayEnd, cause: CloseCause) {
        let now = supplies.now
        if DepartingClient.isSettled(end) {
            observations.append(.connectionClosed(end.kind, cause: cause, lifetime: now - end.accepted))
            return
        }
        end.descriptor.finishSending()
        let id = departing.insert(DepartingClient(end, cause: cause, at: now))
        departures.append(id.index, at: now, in: &departing)
        do throws(ErrorNumber) {
            try epoll.modify(
                departing[id.index].end.descriptor,
                for: .inputForLife,
                tag: RelayTag(departing: id).bits
            )
        } catch {
            // Unwatched, it is still looked after by the clock.
        }
    }

    /// Looks after a departing client.
    ///
    /// - Parameter event: What epoll says of it; `nil` when it is time for a look.
    func checkDeparture(_ index: UInt32, event: Readiness?) {
        let hasFinished = event?.overlaps(.farewell) ?? false
        if departing[index].discardInput(hasFinished: hasFinished)
            || departing[index].isDone(at: supplies.now, limits: limits)
        {
            closeDeparting(index)
        } else if event == nil {
            departures.renew(index, at: supplies.now, in: &departing)
        }
    }

    func closeDeparting(_ index: UInt32) {
        departures.remove(index, in: &departing)
        let client = departing.remove(at: index)
        observations.append(
            .connectionClosed(client.end.kind, cause: client.cause, lifetime: supplies.now - client.end.accepted)
        )
    }
}
