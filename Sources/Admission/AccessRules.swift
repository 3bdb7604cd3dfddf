internal import LinuxIO
internal import Synchronization

/// From where connections may come at all. This machine and Unix sockets always may: a proxy in front is here, and so is the server
/// when it tests itself.
package final class AccessRules: Sendable {
    private struct Lists {
        var allowed: SourceRanges?
        var denied = SourceRanges()
    }

    private let lists = Mutex(Lists())

    init() {}

    /// Puts other lists in force. Those who are in stay.
    ///
    /// - Parameters:
    ///   - allowed: From where alone; `nil` for from anywhere.
    ///   - denied: From where not, even if it is allowed.
    package func replace(allowed: SourceRanges?, denied: SourceRanges) {
        lists.withLock { $0 = Lists(allowed: allowed, denied: denied) }
    }

    func admit(_ network: SourceNetwork) -> Bool {
        guard !network.isLoopback else { return true }
        return lists.withLock { !$0.denied.contains(network) && $0.allowed?.contains(network) ?? true }
    }
}
