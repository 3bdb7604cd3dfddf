import CMicroHTTPD
import Glibc
import Logging
import Synchronization
import Telemetry

/// What libmicrohttpd calls back into, on its thread.
final class AdminContext: Sendable {
    /// Requests that may wait for the services at a time, those included whose answer nobody waits for any more because a
    /// loop is stuck.
    private static let maximumWaiting = 16
    /// Answers that may come piece by piece at a time.
    private static let maximumStreams = 4

    private struct Waiting {
        var requests: [ObjectIdentifier: PendingRequest] = [:]
        var streams: [ObjectIdentifier: AdminStream] = [:]
        /// Tasks that have not ended.
        var tasks = 0
        var isStopping = false
    }

    private let responder: AdminResponder
    private let logger: Logger
    private let waiting = Mutex(Waiting())
    /// When the library last said something at a level that is seen, in monotonic nanoseconds.
    private let lastWarning = Mutex<UInt64?>(nil)

    init(responder: AdminResponder, logger: Logger) {
        self.responder = responder
        self.logger = logger
    }

    // MARK: Callbacks

    static let handle: MHD_AccessHandlerCallback = { context, connection, url, method, _, data, size, state in
        guard let context, let connection, let url, let method, let size, let state else { return .NO }
        let this = Unmanaged<AdminContext>.fromOpaque(context).takeUnretainedValue()
        let exchange = AdminExchange(connection: AdminConnectionHandle(pointer: connection))
        guard let pointer = state.pointee else {
            let request = exchange.request(url: url, method: method)
            let (decision, path) = this.responder.decide(on: request)
            let pending = PendingRequest(decision, countedAs: path, connection: exchange.connection)
            // Released when the library says that the request is over.
            state.pointee = Unmanaged.passRetained(pending).toOpaque()
            // A connection is kept only if it is answered when the body is over; one whose body nobody wants is not.
            if request.hasBody, case .refuse = decision { return this.proceed(pending, exchange) }
            return .YES
        }
        let pending = Unmanaged<PendingRequest>.fromOpaque(pointer).takeUnretainedValue()
        guard size.pointee == 0 else {
            let isWelcome = pending.append(UnsafeRawBufferPointer(start: data, count: size.pointee))
            size.pointee = 0
            return isWelcome ? .YES : .NO
        }
        return this.proceed(pending, exchange)
    }

    static let completed: MHD_RequestCompletedCallback = { context, _, state, _ in
        guard let context, let pointer = state?.pointee else { return }
        let this = Unmanaged<AdminContext>.fromOpaque(context).takeUnretainedValue()
        let pending = Unmanaged<PendingRequest>.fromOpaque(pointer).takeRetainedValue()
        state?.pointee = nil
        this.forget(pending)
    }

    static let readStream: MHD_ContentReaderCallback = { pending, _, buffer, size in
        guard let pending, let buffer else { return contentEnd }
        let request = Unmanaged<PendingRequest>.fromOpaque(pending).takeUnretainedValue()
        guard case .streaming(let stream) = request.reading.withLock({ $0.step }) else { return contentEnd }
        let bytes = UnsafeMutableBufferPointer(start: buffer, count: size)
        return stream.read(into: bytes, for: request.connection) ?? contentEnd
    }

    /// `MHD_CONTENT_READER_END_OF_STREAM`, a macro that Swift does not see.
    private static let contentEnd = -1

    static let log: MHD_LogCallback = { context, format, arguments in
        guard let context, let format, let arguments else { return }
        let this = Unmanaged<AdminContext>.fromOpaque(context).takeUnretainedValue()
        let text = String(unsafeUninitializedCapacity: 512) { buffer in
            buffer.withMemoryRebound(to: CChar.self) { buffer in
                let length = Int(vsnprintf(buffer.baseAddress, buffer.count, format, arguments))
                return min(max(0, length), buffer.count - 1)
            }
        }
        this.log(text)
    }

    // MARK: What they do

    /// Takes the next step: the body is there, or an answer is.
    private func proceed(_ pending: PendingRequest, _ exchange: AdminExchange) -> MHD_Result {
        let (step, body) = pending.reading.withLock { ($0.step, $0.body) }
        switch step {
        case .answered(let response):
            return send(response, pending, exchange)
        case .readBody(let route, var call):
            if let refusal = responder.read(body, for: route, into: &call) { return send(refusal, pending, exchange) }
            switch route.handler {
            case .now(let handler):
                return send(handler(call), pending, exchange)
            case .later(let patience, let handler):
                return wait(for: handler, call, upTo: patience, pending, exchange)
            case .stream(let handler):
                return stream(handler, call, pending, exchange)
            }
        case .waiting, .streaming:
            // It was woken without a reason.
            return .YES
        }
    }

    private func send(_ response: AdminResponse, _ pending: PendingRequest, _ exchange: AdminExchange) -> MHD_Result {
        let duration = MonotonicClock.duration(since: pending.start)
        responder.finished(pending.countedAs, pending.route, response, after: duration)
        return exchange.send(response)
    }

    /// Has a task ask the services, and lets the connection rest until it has, or for as long as the route has patience.
    private func wait(
        for handler: @escaping @Sendable (AdminCall) async throws(AdminRefusal) -> AdminResponse,
        _ call: AdminCall,
        upTo patience: Duration,
        _ pending: PendingRequest,
        _ exchange: AdminExchange
    ) -> MHD_Result {
        let isRoom = waiting.withLock { waiting in
            guard !waiting.isStopping, waiting.tasks < Self.maximumWaiting else { return false }
            waiting.tasks += 1
            waiting.requests[ObjectIdentifier(pending)] = pending
            // Under the lock, so that whoever stops the endpoint finds it resting, or not here.
            pending.reading.withLock { $0.step = .waiting }
            exchange.connection.suspend()
            return true
        }
        guard isRoom else { return send(busy, pending, exchange) }
        let alarm = Task {
            try? await Task.sleep(for: patience)
            pending.answer(late)
        }
        Task {
            let response: AdminResponse
            do throws(AdminRefusal) {
                response = try await handler(call)
            } catch {
                response = error.response
            }
            pending.answer(response)
            alarm.cancel()
            waiting.withLock { $0.tasks -= 1 }
        }
        return .YES
    }

    private func stream(
        _ handler: @Sendable (AdminCall) -> AdminStream,
        _ call: AdminCall,
        _ pending: PendingRequest,
        _ exchange: AdminExchange
    ) -> MHD_Result {
        let isRoom = waiting.withLock { !$0.isStopping && $0.streams.count < Self.maximumStreams }
        guard isRoom else { return send(busy, pending, exchange) }
        let stream = handler(call)
        let isStopping = waiting.withLock { waiting in
            waiting.streams[ObjectIdentifier(pending)] = stream
            return waiting.isStopping
        }
        if isStopping { stream.end() }
        pending.reading.withLock { $0.step = .streaming(stream) }
        responder.finished(
            pending.countedAs,
            pending.route,
            AdminResponse(status: 200, contentType: stream.contentType, body: []),
            after: MonotonicClock.duration(since: pending.start)
        )
        return exchange.send(stream, of: pending)
    }

    private var busy: AdminResponse { .text(503, "too many requests wait for the services\(stuck)") }

    private var late: AdminResponse {
        .text(503, "the services have not answered in time; what was asked for may still happen\(stuck)")
    }

    /// Which loops do not turn, for the one who waited for them in vain.
    private var stuck: String {
        let names = responder.core.telemetry.heartbeats.stuckLoops(limit: .milliseconds(1500))
        return names.isEmpty ? "" : "; stuck: \(names.joined(separator: ", "))"
    }

    private func forget(_ pending: PendingRequest) {
        let stream = waiting.withLock { waiting in
            waiting.requests[ObjectIdentifier(pending)] = nil
            return waiting.streams.removeValue(forKey: ObjectIdentifier(pending))
        }
        stream?.end()
    }

    /// Answers everybody who waits, so that no connection rests when the library stops.
    func stop() {
        let (requests, streams) = waiting.withLock { waiting in
            waiting.isStopping = true
            return (Array(waiting.requests.values), Array(waiting.streams.values))
        }
        for request in requests { request.answer(.text(503, "the server stops")) }
        for stream in streams { stream.end() }
    }

    /// Peers can make the library complain as often as they like: one line a minute is enough to look into it.
    private func log(_ text: String) {
        let now = MonotonicClock.nanoseconds
        let isSeen = lastWarning.withLock { last in
            if let last, now - last < 60_000_000_000 { return false }
            last = now
            return true
        }
        let line = text.prefix { !$0.isNewline }
        logger.log(level: isSeen ? .warning : .debug, "admin endpoint: \(line)")
    }
}
