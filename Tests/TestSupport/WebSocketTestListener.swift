import Glibc
import LinuxIO

/// Listening sockets for tests: non-blocking, and owned by whoever asked for them.
package enum WebSocketTestListener {
    /// Listens on a free port of 127.0.0.1.
    package static func loopback() throws -> (descriptor: CInt, port: Int) {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let descriptor = try listening(AF_INET, &address)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        guard result == 0 else { throw WebSocketTestError(.system(errno), "getsockname") }
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }

    /// Listens on a Unix socket, which the caller removes.
    package static func unix(path: String) throws -> CInt {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { space in
            guard path.utf8.count < space.count else { return false }
            space.copyBytes(from: path.utf8)
            return true
        }
        guard fits else { throw WebSocketTestError(.unexpected, "path too long: \(path)") }
        return try listening(AF_UNIX, &address)
    }

    private static func listening<Address>(_ family: CInt, _ address: inout Address) throws -> CInt {
        let kind = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let number = socket(family, kind, 0)
        guard number >= 0 else { throw WebSocketTestError(.system(errno), "socket") }
        let descriptor = Descriptor(owning: number)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor.number, $0, socklen_t(MemoryLayout<Address>.size))
            }
        }
        guard result == 0, listen(descriptor.number, 1024) == 0 else {
            throw WebSocketTestError(.system(errno), "bind and listen")
        }
        return descriptor.release()
    }
}
