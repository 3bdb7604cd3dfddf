import Glibc

/// A socket address of any family, in the form the kernel takes and gives.
struct SocketAddressStorage {
    /// The longest path a Unix socket can have: `sun_path` less its terminating zero.
    static let maximumPathBytes = MemoryLayout<sockaddr_un>.size - MemoryLayout<sa_family_t>.size - 1

    private(set) var storage = sockaddr_storage()
    private(set) var length: socklen_t

    /// An IPv4 or IPv6 address in figures, a zone (`fe80::1%eth0`) included; `nil` when it is none. Asks no name server.
    init?(numericHost host: String, port: UInt16) {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard Glibc.getaddrinfo(host, String(port), &hints, &found) == 0, let found else { return nil }
        defer { Glibc.freeaddrinfo(found) }
        guard let address = found.pointee.ai_addr else { return nil }
        length = found.pointee.ai_addrlen
        withUnsafeMutableBytes(of: &storage) { target in
            target.copyMemory(from: UnsafeRawBufferPointer(start: address, count: Int(found.pointee.ai_addrlen)))
        }
    }

    /// A path in the file system; `nil` when it is too long or holds a zero byte.
    init?(path: String) {
        let bytes = Array(path.utf8)
        guard bytes.count <= Self.maximumPathBytes, !bytes.contains(0) else { return nil }
        let pathOffset = MemoryLayout<sa_family_t>.size
        length = socklen_t(pathOffset + bytes.count + 1)
        storage.ss_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &storage) { target in
            UnsafeMutableRawBufferPointer(rebasing: target[pathOffset...]).copyBytes(from: bytes)
        }
    }

    /// The address a socket is bound to; `nil` when the kernel does not say.
    init?(boundTo descriptor: CInt) {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.getsockname(descriptor, $0, &length) }
        }
        guard result == 0 else { return nil }
        self.storage = storage
        self.length = length
    }

    var family: CInt { CInt(storage.ss_family) }
    var isIPv6: Bool { family == AF_INET6 }

    /// The port, `nil` for a Unix socket.
    var port: Int? {
        withUnsafeBytes(of: storage) { bytes in
            switch family {
            case AF_INET, AF_INET6: Int(UInt16(bigEndian: bytes.load(fromByteOffset: 2, as: UInt16.self)))
            default: nil
            }
        }
    }

    /// The path, `nil` for an Internet socket and for a Unix socket without a path.
    var path: String? {
        guard family == AF_UNIX else { return nil }
        return withUnsafeBytes(of: storage) { bytes in
            let end = min(Int(length), bytes.count)
            let start = MemoryLayout<sa_family_t>.size
            guard end > start, bytes[start] != 0 else { return nil }
            return String(decoding: bytes[start..<end].prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    /// Calls `body` with the address as the system calls take it.
    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }
}
