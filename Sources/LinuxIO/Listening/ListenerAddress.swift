internal import Glibc

/// Where a program on this machine reaches a listener. A listener on every address is reached on the loopback one, for that
/// is what the kernel takes a connection to no address for.
package struct ListenerAddress: Sendable {
    let storage: SocketAddressStorage
    /// Whether every connection has to begin with a ``ProxyHeader``.
    package let expectsProxyHeader: Bool

    /// - Returns: `nil` when the kernel does not say what the listener is bound to.
    package init?(of listener: borrowing ListeningSocket) {
        guard let storage = SocketAddressStorage(boundTo: listener.descriptor.number) else { return nil }
        self.storage = storage
        expectsProxyHeader = listener.expectsProxyHeader
    }
}
