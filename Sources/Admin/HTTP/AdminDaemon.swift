import CMicroHTTPD
import Glibc
import Logging
import Telemetry

/// libmicrohttpd with one thread of its own: epoll, few connections, little memory for each.
///
/// `@unchecked Sendable`: the pointer is only used by ``stop()``, which its owner calls once.
final class AdminDaemon: @unchecked Sendable {
    private let daemon: OpaquePointer
    /// What the callbacks are given; alive until the daemon's thread has ended.
    private let context: AdminContext

    /// - Parameter descriptor: A listening socket, which libmicrohttpd closes in the end.
    init(
        listeningOn descriptor: CInt,
        configuration: AdminConfiguration,
        responder: AdminResponder,
        logger: Logger
    ) throws(AdminError) {
        let context = AdminContext(responder: responder, logger: logger)
        self.context = context
        let opaque = Unmanaged.passUnretained(context).toOpaque()
        var options = [
            // First, so that nothing is printed by the library itself.
            MHD_OptionItem(
                option: .EXTERNAL_LOGGER,
                value: unsafeBitCast(AdminContext.log, to: Int.self),
                ptr_value: opaque
            ),
            MHD_OptionItem(option: .LISTEN_SOCKET, value: Int(descriptor), ptr_value: nil),
            MHD_OptionItem(option: .CONNECTION_LIMIT, value: configuration.connectionLimit, ptr_value: nil),
            MHD_OptionItem(
                option: .PER_IP_CONNECTION_LIMIT,
                value: configuration.connectionLimitPerAddress,
                ptr_value: nil
            ),
            MHD_OptionItem(option: .CONNECTION_TIMEOUT, value: configuration.idleTimeout, ptr_value: nil),
            MHD_OptionItem(
                option: .CONNECTION_MEMORY_LIMIT,
                value: configuration.memoryPerConnection,
                ptr_value: nil
            ),
            MHD_OptionItem(
                option: .NOTIFY_COMPLETED,
                value: unsafeBitCast(AdminContext.completed, to: Int.self),
                ptr_value: opaque
            ),
            MHD_OptionItem(option: .END, value: 0, ptr_value: nil),
        ]
        // Without the inter-thread channel, stopping waits for a connection while the limit keeps the listener unwatched.
        // Suspending connections takes it as well.
        let flags =
            MHD_USE_EPOLL_INTERNAL_THREAD.rawValue | MHD_USE_ERROR_LOG.rawValue | MHD_ALLOW_SUSPEND_RESUME.rawValue
        let started = Self.withSignalsBlocked {
            options.withUnsafeMutableBufferPointer { options in
                // The function itself takes variable arguments, which Swift does not import; its twin takes a list.
                withVaList([Int32(bitPattern: MHD_OPTION.ARRAY.rawValue), options.baseAddress!]) { list in
                    MHD_start_daemon_va(flags, 0, nil, nil, AdminContext.handle, opaque, list)
                }
            }
        }
        guard let started else { throw AdminError("the admin endpoint cannot start: libmicrohttpd gave no reason") }
        daemon = started
    }

    /// Closes everything and waits for the thread to end.
    func stop() {
        context.stop()
        MHD_stop_daemon(daemon)
    }

    /// The library's thread inherits what its creator blocks; signals are for the main thread.
    private static func withSignalsBlocked<Result>(_ body: () -> Result) -> Result {
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        return body()
    }
}
