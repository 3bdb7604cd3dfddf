import CMicroHTTPD
package import LinuxIO
package import Logging
import Synchronization
package import Telemetry

/// The admin endpoint: metrics, probes and a page for people, served by libmicrohttpd on a thread of its own.
///
/// It shares nothing with the services but what they observe, so it answers while a loop of theirs is stuck, and says so.
package final class AdminServer: Sendable {
    /// What start-up lines show: the real port, or the path.
    package let name: String
    /// The real port; `nil` for a Unix socket.
    package let port: Int?

    private enum State {
        case stopped(descriptor: CInt)
        case running(AdminDaemon)
        case ended
    }

    private let configuration: AdminConfiguration
    private let telemetry: Telemetry
    private let logger: Logger
    private let path: SocketPath?
    private let state: Mutex<State>

    /// Takes over a listening socket; nothing is answered before ``start()``.
    package init(
        configuration: AdminConfiguration,
        listener: consuming ListeningSocket,
        telemetry: Telemetry,
        logger: Logger
    ) {
        self.configuration = configuration.bounded
        self.telemetry = telemetry
        self.logger = logger
        name = listener.name
        port = listener.port
        path = listener.path
        state = Mutex(.stopped(descriptor: listener.release()))
    }

    deinit {
        stop()
    }

    /// Starts answering.
    ///
    /// - Throws: ``AdminError`` when libmicrohttpd cannot start, for want of threads or descriptors.
    package func start() throws(AdminError) {
        try state.withLock { state throws(AdminError) in
            switch state {
            case .stopped(let descriptor):
                let responder = AdminResponder(
                    telemetry: telemetry,
                    allowedHosts: configuration.allowedHosts,
                    isUnixSocket: port == nil
                )
                state = .running(
                    try AdminDaemon(
                        listeningOn: descriptor,
                        configuration: configuration,
                        responder: responder,
                        logger: logger
                    )
                )
            case .running, .ended:
                preconditionFailure("an admin server starts once")
            }
        }
    }

    /// Closes every connection and the listening socket, and waits for the thread to end.
    package func stop() {
        state.withLock { state in
            switch state {
            case .stopped(let descriptor): _ = Descriptor(owning: descriptor)
            case .running(let daemon): daemon.stop()
            case .ended: return
            }
            state = .ended
            path?.remove()
        }
    }
}
