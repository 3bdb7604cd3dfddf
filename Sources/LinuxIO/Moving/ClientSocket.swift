internal import Glibc

/// A connection to a server, for a thread of its own that may wait: until a time, or until it is told to stop.
///
/// Every call throws ``ErrorNumber/timedOut`` when the time is over and ``ErrorNumber/cancelled`` when the signal is raised.
package struct ClientSocket: ~Copyable {
    /// How long a call may wait.
    package struct Patience: Sendable {
        /// On the monotonic clock, in nanoseconds.
        package let deadline: Int64
        /// The descriptor of the signal to stop; it outlives the calls.
        fileprivate let signal: CInt

        package init(_ duration: Duration, unless signal: borrowing EventSignal) {
            let (seconds, attoseconds) = duration.components
            deadline = SystemClock.monotonicNanoseconds + seconds * 1_000_000_000 + attoseconds / 1_000_000_000
            self.signal = signal.descriptor.number
        }

        /// Waits until a descriptor is ready.
        fileprivate func wait(for number: CInt, _ events: CInt) throws(ErrorNumber) {
            var watched = [
                pollfd(fd: signal, events: Int16(POLLIN), revents: 0),
                pollfd(fd: number, events: Int16(events), revents: 0),
            ]
            let left = deadline - SystemClock.monotonicNanoseconds
            guard left > 0 else { throw .timedOut }
            let milliseconds = CInt(clamping: left / 1_000_000 + 1)
            let count = try systemCall { poll(&watched, nfds_t(number < 0 ? 1 : 2), milliseconds) }
            if watched[0].revents != 0 { throw .cancelled }
            if count == 0 { throw .timedOut }
        }

        /// Waits until the time is over; does not throw then.
        package func wait() throws(ErrorNumber) {
            while true {
                do throws(ErrorNumber) {
                    try wait(for: -1, 0)
                } catch {
                    if error == .timedOut { return }
                    throw error
                }
            }
        }
    }

    private let descriptor: Descriptor

    /// The system calls are socket(2) and connect(2).
    package init(to address: ListenerAddress, _ patience: Patience) throws(ErrorNumber) {
        let type = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = Descriptor(owning: try systemCall { socket(address.storage.family, type, 0) })
        try Self.connect(descriptor.number, to: address, patience)
        self.descriptor = descriptor
    }

    private static func connect(
        _ number: CInt,
        to address: ListenerAddress,
        _ patience: Patience
    ) throws(ErrorNumber) {
        do throws(ErrorNumber) {
            _ = try systemCall { address.storage.withPointer { Glibc.connect(number, $0, $1) } }
        } catch {
            guard error.code == EINPROGRESS else { throw error }
            try patience.wait(for: number, CInt(POLLOUT))
            var failure: CInt = 0
            var length = socklen_t(MemoryLayout<CInt>.size)
            _ = try systemCall { getsockopt(number, SOL_SOCKET, SO_ERROR, &failure, &length) }
            if failure != 0 { throw ErrorNumber(failure) }
        }
    }

    /// Sends all of it.
    package func send(_ bytes: [UInt8], _ patience: Patience) throws(ErrorNumber) {
        var rest = bytes[...]
        while !rest.isEmpty {
            switch rest.withUnsafeBytes({ descriptor.send($0) }) {
            case .moved(let count): rest = rest.dropFirst(count)
            case .wouldBlock: try patience.wait(for: descriptor.number, CInt(POLLOUT))
            case .ended: throw .brokenPipe
            case .failed(let error): throw error
            }
        }
    }

    /// Takes what has come, and waits for something when nothing has.
    ///
    /// - Returns: At most so many bytes; none at the end.
    package func receive(atMost limit: Int, _ patience: Patience) throws(ErrorNumber) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: limit)
        while true {
            switch buffer.withUnsafeMutableBytes({ descriptor.receive(into: $0) }) {
            case .moved(let count): return Array(buffer.prefix(count))
            case .wouldBlock: try patience.wait(for: descriptor.number, CInt(POLLIN))
            case .ended: return []
            case .failed(let error): throw error
            }
        }
    }
}
