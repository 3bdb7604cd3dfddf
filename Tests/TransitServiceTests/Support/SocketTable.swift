import Glibc

/// The sockets of this process, which is the relay's as well.
enum SocketTable {
    /// The relay's ends of the connections its listener at `port` let in.
    static func connections(through port: Int) -> [CInt] {
        (0..<4096 as Range<CInt>).filter { number in
            localPort(of: number) == port && hasPeer(number)
        }
    }

    static func option(_ name: CInt, level: CInt = SOL_SOCKET, of number: CInt) -> CInt {
        var value: CInt = 0
        var length = socklen_t(MemoryLayout<CInt>.size)
        return getsockopt(number, level, name, &value, &length) == 0 ? value : -1
    }

    private static func localPort(of number: CInt) -> Int? {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(number, $0, &length) }
        }
        guard result == 0, address.sin_family == sa_family_t(AF_INET) else { return nil }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private static func hasPeer(_ number: CInt) -> Bool {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(number, $0, &length) }
        } == 0
    }
}
