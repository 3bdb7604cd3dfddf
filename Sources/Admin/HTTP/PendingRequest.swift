import CMicroHTTPD
import Synchronization
import Telemetry

/// One request from its head to the end of its answer. Confined to the endpoint's thread, except for the answer, which may
/// come from a task.
final class PendingRequest: Sendable {
    /// What is made of it next.
    enum Step: Sendable {
        case readBody(AdminRoute, AdminCall)
        case answered(AdminResponse)
        case waiting
        case streaming(AdminStream)
    }

    struct Reading: Sendable {
        var step: Step
        var body: [UInt8] = []
        /// Bytes of the body that came, also those that were not kept.
        var received = 0
    }

    let start = MonotonicClock.nanoseconds
    let countedAs: AdminPath
    /// Its route, if it got as far.
    let route: AdminRoute?
    let connection: AdminConnectionHandle
    let reading: Mutex<Reading>

    init(_ decision: AdminResponder.Decision, countedAs: AdminPath, connection: AdminConnectionHandle) {
        self.countedAs = countedAs
        self.connection = connection
        switch decision {
        case .refuse(let response):
            route = nil
            reading = Mutex(Reading(step: .answered(response)))
        case .accept(let route, let call):
            self.route = route
            reading = Mutex(Reading(step: .readBody(route, call)))
        }
    }

    /// - Returns: Whether more may come; when not, the connection is to be closed.
    func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        reading.withLock { reading in
            reading.received += bytes.count
            // One byte more than allowed is kept, to know that it was too much.
            let room = AdminResponder.maximumBody + 1 - reading.body.count
            reading.body += bytes.prefix(max(0, room))
            return reading.received <= 4 * AdminResponder.maximumBody
        }
    }

    /// From any thread: the answer to a request that waits for it. Only the first counts.
    func answer(_ response: AdminResponse) {
        let isFirst = reading.withLock { reading in
            guard case .waiting = reading.step else { return false }
            reading.step = .answered(response)
            return true
        }
        if isFirst { connection.resume() }
    }
}
