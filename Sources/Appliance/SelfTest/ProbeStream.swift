internal import LinuxIO

/// One end of what a probe has made: over TCP or over WebSocket.
protocol ProbeEnd: AnyObject {
    func send(_ bytes: [UInt8]) throws(ProbeError)
    func receive(exactly count: Int) throws(ProbeError) -> [UInt8]
    /// Says good-bye, where that is usual.
    func end() throws(ProbeError)
}

/// A connection of the self-test: bytes out, and bytes in by count or up to a mark.
final class ProbeStream: ProbeEnd {
    private let socket: ClientSocket
    private let patience: ClientSocket.Patience
    private var input: [UInt8] = []

    init(to address: ListenerAddress, _ patience: ClientSocket.Patience) throws(ProbeError) {
        self.patience = patience
        do throws(ErrorNumber) {
            socket = try ClientSocket(to: address, patience)
        } catch {
            throw .network(error)
        }
    }

    func send(_ bytes: [UInt8]) throws(ProbeError) {
        do throws(ErrorNumber) {
            try socket.send(bytes, patience)
        } catch {
            throw .network(error)
        }
    }

    func end() {
        // Closing the socket, with this object, is all there is to it.
    }

    func receive(exactly count: Int) throws(ProbeError) -> [UInt8] {
        while input.count < count { try fill() }
        defer { input.removeFirst(count) }
        return Array(input.prefix(count))
    }

    /// - Returns: Everything up to the mark, the mark included.
    func receive(through mark: [UInt8], atMost limit: Int) throws(ProbeError) -> [UInt8] {
        while true {
            if input.count >= mark.count,
                let start = (0...(input.count - mark.count)).first(where: { input[$0...].starts(with: mark) })
            {
                return try receive(exactly: start + mark.count)
            }
            guard input.count < limit else { throw .unexpected("the answer is too long") }
            try fill()
        }
    }

    private func fill() throws(ProbeError) {
        do throws(ErrorNumber) {
            let bytes = try socket.receive(atMost: 16_384, patience)
            guard !bytes.isEmpty else { throw ErrorNumber.connectionReset }
            input += bytes
        } catch {
            throw .network(error)
        }
    }
}
