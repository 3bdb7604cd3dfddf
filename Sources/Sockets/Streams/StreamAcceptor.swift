package import LinuxIO
import NIOCore

/// Accepts connections on a listening socket. Confined to its loop.
///
///     accepting ──accept(2) fails──▶ resting ──a moment later──▶ accepting        stopped: for good
///
/// A connection that cannot be accepted stays in the kernel's queue, so that without a rest the loop would be told of it at
/// once, again and again.
package final class StreamAcceptor: LoopTimer, SocketWatcher {
    package struct Settings: Sendable {
        /// How many connections are accepted before others have their turn.
        package var acceptsPerTurn = 64
        /// How long accepting rests after it has failed.
        package var pause = Duration.milliseconds(100)

        package init() {}
    }

    private let loop: SocketLoop
    private let settings: Settings
    private let accepted: (consuming AcceptedSocket) -> Void
    private let failed: (ErrorNumber) -> Void
    /// `nil` when accepting has stopped for good.
    private var socket: Descriptor?
    private var place: WatchPlace?

    /// Begins to accept.
    ///
    /// - Parameters:
    ///   - socket: Bound, listening and non-blocking.
    ///   - accepted: Takes a connection.
    ///   - failed: Hears why one could not be accepted.
    /// - Throws: What epoll_ctl(2) says.
    package init(
        _ socket: consuming Descriptor,
        on loop: SocketLoop,
        settings: Settings,
        accepted: @escaping (consuming AcceptedSocket) -> Void,
        failed: @escaping (ErrorNumber) -> Void
    ) throws(ErrorNumber) {
        self.loop = loop
        self.settings = settings
        self.accepted = accepted
        self.failed = failed
        super.init()
        place = try loop.watch(socket, for: .readable, by: self)
        self.socket = consume socket
    }

    /// Closes the listening socket. Connections are not touched.
    package func stop() {
        guard let place else { return }
        self.place = nil
        loop.forget(place)
        loop.cancel(self)
        socket = nil
    }

    func ready(_ readiness: Readiness) {
        do throws(ErrorNumber) {
            for _ in 0..<max(settings.acceptsPerTurn, 1) {
                guard let connection = try next() else { return }
                accepted(connection)
            }
        } catch {
            failed(error)
            rest()
        }
    }

    private func next() throws(ErrorNumber) -> AcceptedSocket? {
        switch socket {
        case .some(let socket): try AcceptedSocket.next(from: socket)
        case .none: nil
        }
    }

    private func rest() {
        // Always reported are errors of the socket, of which a listening one has none.
        guard watch(for: []) else { return }
        loop.set(self, at: loop.now + TimeAmount(settings.pause))
    }

    override func fire() {
        _ = watch(for: .readable)
    }

    private func watch(for interest: Readiness) -> Bool {
        guard let place else { return false }
        // Cannot fail for a descriptor that is registered.
        switch socket {
        case .some(let socket): try? loop.change(place, socket, to: interest)
        case .none: break
        }
        return true
    }
}

@available(*, unavailable)
extension StreamAcceptor: Sendable {}
