import Glibc

/// A socket that accepts connections: bound, listening, non-blocking, close-on-exec.
///
/// What is set on it, its connections inherit: for TCP, keep-alive probes (a dead peer is found within 15 minutes), no
/// Nagle delay, an end to data that is not acknowledged for 16 minutes, and on a loopback address no ``Pacing``.
package struct ListeningSocket: ~Copyable, Sendable {
    package let descriptor: Descriptor
    /// What start-up lines show: the real port, or the path.
    package let name: String
    /// The real port; `nil` for a Unix socket.
    package let port: Int?
    /// The file of a Unix socket that this process made; `nil` otherwise. Keep it when the socket goes to another owner.
    package let path: SocketPath?
    /// Whether every connection begins with a ``ProxyHeader``.
    package private(set) var expectsProxyHeader = false

    /// Opens what `endpoint` asks for.
    ///
    /// - Throws: ``ListenError`` with the endpoint and the system's reason. Nothing is left open then.
    package static func open(_ endpoint: Endpoint) throws(ListenError) -> ListeningSocket {
        try open(endpoint, inherited: .current)
    }

    /// Opens what `endpoint` asks for, with `inherited` as the sockets of the service manager.
    package static func open(
        _ endpoint: Endpoint,
        inherited: InheritedSockets
    ) throws(ListenError) -> ListeningSocket {
        do throws(SocketFailure) {
            var socket = try open(endpoint.target, inherited: inherited)
            socket.expectsProxyHeader = endpoint.expectsProxyHeader
            return socket
        } catch {
            throw ListenError(endpoint: endpoint.description, reason: error.reason)
        }
    }

    /// From where it can be reached.
    package enum Reach: Sendable {
        case unix, loopback, network
    }

    /// By the address it is bound to, whoever bound it.
    package var reach: Reach {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor.number, $0, &length) }
        }
        // What cannot be told is taken for the widest.
        guard result == 0 else { return .network }
        switch CInt(address.ss_family) {
        case AF_UNIX: return .unix
        case AF_INET:
            let host = withUnsafeBytes(of: address) { $0.load(fromByteOffset: 4, as: UInt8.self) }
            return host == 127 ? .loopback : .network
        case AF_INET6:
            let host = withUnsafeBytes(of: address) { Array($0[8..<24]) }
            let isLoopback = host == [UInt8](repeating: 0, count: 15) + [1]
            let isMapped = host.starts(with: [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]) && host[12] == 127
            return isLoopback || isMapped ? .loopback : .network
        default: return .network
        }
    }

    private static func open(
        _ target: Endpoint.Target,
        inherited: InheritedSockets
    ) throws(SocketFailure) -> ListeningSocket {
        switch target {
        case .tcp(let port, let interface, let backlog):
            return try openTCP(port: port, interface: interface, backlog: backlog)
        case .unix(let path, let mode, let backlog, let takesOver):
            return try openUnix(path: path, mode: mode, backlog: backlog, takesOver: takesOver)
        case .inherited(let selection):
            return try adopt(selection, from: inherited)
        }
    }

    /// Gives the descriptor to an owner that is not Swift's, who closes it.
    package consuming func release() -> CInt {
        descriptor.release()
    }

    /// Removes the file of a Unix socket, at an orderly end, so that nobody finds a socket without an owner.
    package func removePath() {
        path?.remove()
    }

    private init(descriptor: consuming Descriptor, port: Int?, name: String, path: SocketPath? = nil) {
        self.descriptor = descriptor
        self.port = port
        self.name = name
        self.path = path
    }

    private static func openTCP(
        port: UInt16,
        interface: Endpoint.Interface,
        backlog: CInt
    ) throws(SocketFailure) -> ListeningSocket {
        switch interface {
        case .address(let host):
            guard let address = SocketAddressStorage(numericHost: host, port: port) else {
                throw SocketFailure(reason: "'\(host)' is not an address of this host")
            }
            return try openTCP(at: address, backlog: backlog)
        case .all:
            guard let both = SocketAddressStorage(numericHost: "::", port: port),
                let ipv4 = SocketAddressStorage(numericHost: "0.0.0.0", port: port)
            else { throw SocketFailure(reason: "this host has no Internet addresses") }
            do throws(SocketFailure) {
                return try openTCP(at: both, backlog: backlog)
            } catch {
                // A kernel without IPv6, or with IPv6 switched off.
                guard error.code == EAFNOSUPPORT || error.code == EADDRNOTAVAIL else { throw error }
                return try openTCP(at: ipv4, backlog: backlog)
            }
        }
    }

    private static func openTCP(
        at address: SocketAddressStorage,
        backlog: CInt
    ) throws(SocketFailure) -> ListeningSocket {
        let descriptor = try makeSocket(family: address.family)
        let number = descriptor.number
        try setOption(of: number, SOL_SOCKET, SO_REUSEADDR, to: 1)
        if address.isIPv6 { try setOption(of: number, CInt(IPPROTO_IPV6), IPV6_V6ONLY, to: 0) }
        try tuneTCP(number)
        try check(address.withPointer { Glibc.bind(number, $0, $1) })
        try check(Glibc.listen(number, backlog))
        return try named(descriptor)
    }

    /// Sets what accepted connections inherit. The times are in seconds, the last in milliseconds.
    private static func tuneTCP(_ number: CInt) throws(SocketFailure) {
        let tcp = CInt(IPPROTO_TCP)
        try setOption(of: number, SOL_SOCKET, SO_KEEPALIVE, to: 1)
        try setOption(of: number, tcp, TCP_KEEPIDLE, to: 300)
        try setOption(of: number, tcp, TCP_KEEPINTVL, to: 60)
        try setOption(of: number, tcp, TCP_KEEPCNT, to: 10)
        try setOption(of: number, tcp, TCP_NODELAY, to: 1)
        try setOption(of: number, tcp, TCP_USER_TIMEOUT, to: 16 * 60 * 1000)
    }

    private static func openUnix(
        path: String,
        mode: UInt32,
        backlog: CInt,
        takesOver: Bool
    ) throws(SocketFailure) -> ListeningSocket {
        guard let address = SocketAddressStorage(path: path) else {
            throw SocketFailure(reason: "the path is too long")
        }
        let descriptor = try makeSocket(family: AF_UNIX)
        let number = descriptor.number
        // Two processes that start together must not take the path from each other.
        let directoryLock = try DirectoryLock.take(around: path)
        if takesOver { try SocketPath.removeStale(path) }
        try check(address.withPointer { Glibc.bind(number, $0, $1) })
        let made = SocketPath(path)
        do throws(SocketFailure) {
            try check(Glibc.chmod(path, mode))
            try check(Glibc.listen(number, backlog))
        } catch {
            made?.remove()
            throw error
        }
        _ = directoryLock
        return ListeningSocket(descriptor: descriptor, port: nil, name: path, path: made)
    }

    private static func adopt(
        _ selection: InheritedSelection,
        from sockets: InheritedSockets
    ) throws(SocketFailure) -> ListeningSocket {
        guard let inherited = sockets.descriptor(for: selection.key) else {
            throw SocketFailure(reason: "the service manager passed no such socket")
        }
        // A duplicate, because the same socket may be asked for twice; the service manager keeps its own in any case.
        let descriptor = Descriptor(owning: try check(Glibc.fcntl(inherited, F_DUPFD_CLOEXEC, 3)))
        try check(Glibc.fcntl(inherited, F_SETFD, FD_CLOEXEC))
        let number = descriptor.number
        guard try option(of: number, SOL_SOCKET, SO_TYPE) == CInt(SOCK_STREAM.rawValue),
            try option(of: number, SOL_SOCKET, SO_ACCEPTCONN) == 1
        else { throw SocketFailure(reason: "the inherited socket is not a listening stream socket") }
        let family = try option(of: number, SOL_SOCKET, SO_DOMAIN)
        if let wanted = selection.family, wanted.number != family {
            throw SocketFailure(reason: "the inherited socket is not of the family \(wanted.rawValue)")
        }
        try check(Glibc.fcntl(number, F_SETFL, try check(Glibc.fcntl(number, F_GETFL)) | O_NONBLOCK))
        if family != AF_UNIX { try tuneTCP(number) }
        return try named(descriptor)
    }

    private static func named(_ descriptor: consuming Descriptor) throws(SocketFailure) -> ListeningSocket {
        let number = descriptor.number
        guard let address = SocketAddressStorage(boundTo: number) else { throw SocketFailure(code: errno) }
        let port = address.port
        let name = port.map(String.init) ?? address.path ?? "unnamed"
        let socket = ListeningSocket(descriptor: descriptor, port: port, name: name)
        if socket.reach == .loopback { Pacing.avoid(on: number) }
        return socket
    }

    private static func makeSocket(family: CInt) throws(SocketFailure) -> Descriptor {
        let type = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        return Descriptor(owning: try check(Glibc.socket(family, type, 0)))
    }
}

extension InheritedSelection.Family {
    /// The number the kernel knows it by.
    fileprivate var number: CInt {
        switch self {
        case .ipv4: AF_INET
        case .ipv6: AF_INET6
        case .unix: AF_UNIX
        }
    }
}
