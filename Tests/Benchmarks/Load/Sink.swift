import LinuxIO

/// A listener of the generator's own, for what stands between two of its ends without pairing them.
final class Sink: LoopPeer {
    let port: UInt16
    private let listener: ListeningSocket
    private let loop: LoadLoop
    private var tag: UInt64 = 0
    /// Who takes each connection over.
    private let user: () -> any ConnectionUser

    init(loop: LoadLoop, user: @escaping () -> any ConnectionUser) throws(BenchmarkError) {
        self.loop = loop
        self.user = user
        do {
            listener = try ListeningSocket.open(Endpoint("tcp:0:interface=127.0.0.1:backlog=4096"))
        } catch {
            throw BenchmarkError("\(error)")
        }
        guard let port = listener.port.flatMap({ UInt16(exactly: $0) }) else {
            throw BenchmarkError("a sink without port")
        }
        listener.descriptor.avoidPacing()
        self.port = port
        tag = try loop.add(self, listener.descriptor)
    }

    /// Accepts no more.
    func close() {
        loop.remove(tag)
    }

    func ready(_ readiness: Readiness) throws(BenchmarkError) {
        while true {
            let socket: AcceptedSocket?
            do throws(ErrorNumber) {
                socket = try AcceptedSocket.next(from: listener.descriptor)
            } catch {
                throw BenchmarkError("accept: \(error)")
            }
            guard let socket else { return }
            _ = try Connection.accepted(socket.takeDescriptor(), loop: loop, user: user())
        }
    }
}
