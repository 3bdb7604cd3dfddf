internal import CLinux
internal import Glibc

/// A connection a listener has let in.
package struct AcceptedSocket: ~Copyable {
    /// The family of the peer's address; an IPv4 client of a listener for both counts as IPv4.
    package enum Family: Sendable {
        case ipv4, ipv6, unix
    }

    /// Non-blocking, closed in child processes.
    package let descriptor: Descriptor
    package let family: Family
    /// Where it comes from; `nil` for the peer of a Unix socket.
    package let source: SourceNetwork?
    /// The same, precisely.
    package let peer: PeerAddress?

    /// Takes the next connection off a listener's queue. The system call is accept4(2).
    ///
    /// - Returns: `nil` when none waits.
    /// - Throws: ``ErrorNumber/processDescriptors``, ``ErrorNumber/systemDescriptors`` when there is no descriptor to be
    ///   had, ``ErrorNumber/connectionAborted`` when the client left the queue.
    package static func next(from listener: borrowing Descriptor) throws(ErrorNumber) -> AcceptedSocket? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let listening = listener.number
        let number: CInt
        do throws(ErrorNumber) {
            number = try withUnsafeMutablePointer(to: &storage) { storage throws(ErrorNumber) in
                try storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address throws(ErrorNumber) in
                    try systemCall {
                        accept4(listening, address, &length, CInt(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue))
                    }
                }
            }
        } catch {
            if error == .wouldBlock { return nil }
            throw error
        }
        return AcceptedSocket(
            descriptor: Descriptor(owning: number),
            family: Family(of: storage),
            source: withUnsafeBytes(of: storage) { SourceNetwork(socketAddress: $0) },
            peer: PeerAddress(storage)
        )
    }

    /// Hands the descriptor on.
    package consuming func takeDescriptor() -> Descriptor { descriptor }
}

extension AcceptedSocket.Family {
    init(of storage: sockaddr_storage) {
        switch CInt(storage.ss_family) {
        case AF_INET:
            self = .ipv4
        case AF_INET6:
            let address = withUnsafePointer(to: storage) { storage in
                storage.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { $0.pointee.sin6_addr }
            }
            self = withUnsafeBytes(of: address) { Self.isMapped($0) } ? .ipv4 : .ipv6
        default:
            self = .unix
        }
    }

    /// Whether an IPv6 address stands for an IPv4 one: `::ffff:a.b.c.d`.
    private static func isMapped(_ address: UnsafeRawBufferPointer) -> Bool {
        address.prefix(10).allSatisfy { $0 == 0 } && address[10] == 0xFF && address[11] == 0xFF
    }
}
