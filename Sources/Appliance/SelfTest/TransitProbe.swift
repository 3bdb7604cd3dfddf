internal import LinuxIO

/// Two clients meet through the relay and send each other some kilobytes.
struct TransitProbe {
    let address: ListenerAddress
    let isWebSocket: Bool
    /// The token they meet by, as text.
    let token: String

    /// Bytes each way.
    private static let size = 4096

    func run(_ patience: ClientSocket.Patience) throws(ProbeError) {
        let first = try end(patience)
        let second = try end(patience)
        for end in [first, second] {
            let side = RandomText.hexadecimal(digits: 16)
            try end.send(Array("please relay \(token) for side \(side)\n".utf8))
        }
        for end in [first, second] {
            guard try end.receive(exactly: 3) == Array("ok\n".utf8) else {
                throw .unexpected("no 'ok' for a handshake")
            }
        }
        let bytes = (0..<Self.size).map { _ in UInt8.random(in: 0 ... .max) }
        for (source, sink) in [(first, second), (second, first)] {
            try source.send(bytes)
            guard try sink.receive(exactly: bytes.count) == bytes else {
                throw .unexpected("bytes have changed on their way")
            }
        }
        try first.end()
    }

    private func end(_ patience: ClientSocket.Patience) throws(ProbeError) -> any ProbeEnd {
        if isWebSocket { return try ProbeWebSocket(to: address, path: "/", patience) }
        return try ProbeStream(to: address, patience)
    }
}
