import CMicroHTTPD
import Glibc
import Logging
import Synchronization
import Telemetry

/// What libmicrohttpd calls back into, on its thread.
final class AdminContext: Sendable {
    private let responder: AdminResponder
    private let logger: Logger
    /// When the library last said something at a level that is seen, in monotonic nanoseconds.
    private let lastWarning = Mutex<UInt64?>(nil)

    init(responder: AdminResponder, logger: Logger) {
        self.responder = responder
        self.logger = logger
    }

    // MARK: Callbacks

    static let handle: MHD_AccessHandlerCallback = { context, connection, url, method, _, _, _, request in
        guard let context, let connection, let url, let method, let request else { return .NO }
        let this = Unmanaged<AdminContext>.fromOpaque(context).takeUnretainedValue()
        let state = request.pointee
        let exchange = AdminExchange(connection: connection, url: url, method: method)
        // The first call comes when the headers are complete. A connection is kept only if it is answered at the second,
        // after the body; what has a body is answered at once, and its connection closed.
        if state == nil, !exchange.request.hasBody {
            request.pointee = UnsafeMutableRawPointer(bitPattern: UInt(MonotonicClock.nanoseconds))
            return .YES
        }
        let start = state.map { UInt64(UInt(bitPattern: $0)) } ?? MonotonicClock.nanoseconds
        return this.answer(exchange, since: start)
    }

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

    private func answer(_ exchange: AdminExchange, since start: UInt64) -> MHD_Result {
        let (response, path) = responder.respond(to: exchange.request)
        let duration = MonotonicClock.duration(since: start)
        responder.telemetry.metrics.admin.requestFinished(path, status: response.status, duration: duration)
        return exchange.send(response)
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
