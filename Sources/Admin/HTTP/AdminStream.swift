import CMicroHTTPD
import Synchronization

/// An answer that comes piece by piece. Whoever makes the pieces never waits: those for which there is no room are left out.
final class AdminStream: Sendable {
    /// Bytes that wait for a slow reader.
    private static let capacity = 256 * 1024

    private struct State {
        var bytes: [UInt8] = []
        var hasEnded = false
        var waiting: AdminConnectionHandle?
        var producer: Task<Void, Never>?
    }

    let contentType: String
    private let state = Mutex(State())

    init(contentType: String) {
        self.contentType = contentType
    }

    /// Begins to make pieces. The task is cancelled when nobody wants them any more.
    func start(_ body: @escaping @Sendable (AdminStream) async -> Void) {
        let task = Task {
            await body(self)
            self.end()
        }
        state.withLock { state in
            state.producer = task
            if state.hasEnded { task.cancel() }
        }
    }

    func send(_ piece: [UInt8]) {
        let waiting = state.withLock { state -> AdminConnectionHandle? in
            guard !state.hasEnded, state.bytes.count + piece.count <= Self.capacity else { return nil }
            state.bytes += piece
            return state.waiting.take()
        }
        waiting?.resume()
    }

    /// Nothing more will come, or is wanted. Safe to call twice.
    func end() {
        let (waiting, producer) = state.withLock { state in
            state.hasEnded = true
            return (state.waiting.take(), state.producer.take())
        }
        producer?.cancel()
        waiting?.resume()
    }

    /// On the endpoint's thread: fills a buffer.
    ///
    /// - Returns: Bytes; 0 when there are none yet, and the connection rests; `nil` at the end.
    func read(into buffer: UnsafeMutableBufferPointer<CChar>, for connection: AdminConnectionHandle) -> Int? {
        state.withLock { state in
            guard state.bytes.isEmpty else {
                let count = min(buffer.count, state.bytes.count)
                for index in 0..<count { buffer[index] = CChar(bitPattern: state.bytes[index]) }
                state.bytes.removeFirst(count)
                return count
            }
            guard !state.hasEnded else { return nil }
            state.waiting = connection
            connection.suspend()
            return 0
        }
    }
}

/// A connection of libmicrohttpd.
///
/// `@unchecked Sendable`: it is suspended on its own thread and resumed once from any, which the library allows.
struct AdminConnectionHandle: @unchecked Sendable {
    let pointer: OpaquePointer

    func suspend() { MHD_suspend_connection(pointer) }
    func resume() { MHD_resume_connection(pointer) }
}
