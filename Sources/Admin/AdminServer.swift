import CMicroHTTPD
package import LinuxIO
package import Logging
import Synchronization
package import Telemetry

/// The admin endpoint: metrics, probes, changes, and a page for people, served by libmicrohttpd on threads of its own, one
/// for each listener.
///
/// It shares nothing with the services but what they observe, so it answers while a loop of theirs is stuck, and says so.
package final class AdminServer: Sendable {
    /// A listening socket on its way to the library.
    private enum State {
        case stopped([Listener])
        case running([AdminDaemon])
        case ended
    }

    private struct Listener {
        let descriptor: CInt
        let reach: AdminReach
    }

    private let configuration: AdminConfiguration
    private let core: AdminCore
    private let paths: [SocketPath]
    private let state: Mutex<State>

    /// Takes over listening sockets; nothing is answered before ``start()``.
    ///
    /// - Parameters:
    ///   - subject: What is shown and changed of the process.
    ///   - token: What requests over the network, and changes over TCP, must show.
    package init(
        configuration: AdminConfiguration,
        listeners: [Handover<ListeningSocket>],
        telemetry: Telemetry,
        subject: any AdminSubject,
        token: AdminTokenHolder = AdminTokenHolder(nil),
        logger: Logger
    ) {
        self.configuration = configuration.bounded
        core = AdminCore(
            telemetry: telemetry,
            subject: subject,
            allowedHosts: configuration.allowedHosts,
            token: token,
            logger: logger
        )
        var taken: [Listener] = []
        var paths: [SocketPath] = []
        for handover in listeners {
            guard let listener = handover.take() else { continue }
            if let path = listener.path { paths.append(path) }
            let reach: AdminReach =
                switch listener.reach {
                case .unix: .unixSocket
                case .loopback: .loopback
                case .network: .network
                }
            taken.append(Listener(descriptor: listener.release(), reach: reach))
        }
        self.paths = paths
        state = Mutex(.stopped(taken))
    }

    deinit {
        stop()
    }

    /// Starts answering.
    ///
    /// - Throws: ``AdminError`` when libmicrohttpd cannot start, for want of threads or descriptors. Nothing answers then.
    package func start() throws(AdminError) {
        try state.withLock { state throws(AdminError) in
            guard case .stopped(let listeners) = state else { preconditionFailure("an admin server starts once") }
            var daemons: [AdminDaemon] = []
            do throws(AdminError) {
                for listener in listeners {
                    daemons.append(
                        try AdminDaemon(
                            listeningOn: listener.descriptor,
                            configuration: configuration,
                            responder: AdminResponder(core: core, reach: listener.reach),
                            logger: core.logger
                        )
                    )
                }
            } catch {
                for daemon in daemons { daemon.stop() }
                for listener in listeners.dropFirst(daemons.count) { _ = Descriptor(owning: listener.descriptor) }
                state = .ended
                throw error
            }
            state = .running(daemons)
        }
        core.rates.start()
        core.page.start(core.telemetry)
    }

    /// Closes every connection and the listening sockets, and waits for the threads to end.
    package func stop() {
        core.rates.stop()
        core.page.stop()
        state.withLock { state in
            switch state {
            case .stopped(let listeners): for listener in listeners { _ = Descriptor(owning: listener.descriptor) }
            case .running(let daemons): for daemon in daemons { daemon.stop() }
            case .ended: return
            }
            state = .ended
            for path in paths { path.remove() }
        }
    }
}
