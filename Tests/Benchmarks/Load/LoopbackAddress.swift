import Glibc
import LinuxIO

/// Addresses of this machine's own network, 127.0.0.0/8.
enum LoopbackAddress {
    /// How many source addresses the clients take in turn, so that none runs out of ports.
    static let sources = 200

    /// 127.0.0.1 with a port.
    static func server(port: UInt16) -> sockaddr_in { address(0x7F00_0001, port: port) }

    /// 127.1.0.1 to 127.1.0.200, in turn, with a port of the kernel's choice.
    static func source(_ number: Int) -> sockaddr_in {
        address(0x7F01_0001 + UInt32(number % sources), port: 0)
    }

    /// Whether something accepts connections there.
    static func accepts(port: UInt16) -> Bool {
        let number = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { return false }
        let socket = Descriptor(owning: number)
        return server(port: port).withPointer { Glibc.connect(socket.number, $0, $1) } == 0
    }

    /// A port nobody listens on.
    static func freePort() throws(BenchmarkError) -> UInt16 {
        let number = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        let socket = Descriptor(owning: number)
        var address = server(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = address.withPointer { Glibc.bind(socket.number, $0, $1) }
        let named = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket.number, $0, &length) }
        }
        guard bound == 0, named == 0 else { throw BenchmarkError("there is no free port on 127.0.0.1") }
        return UInt16(bigEndian: address.sin_port)
    }

    private static func address(_ host: UInt32, port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr = in_addr(s_addr: host.bigEndian)
        return address
    }
}

extension sockaddr_in {
    /// Calls `body` with the address as the system calls take it.
    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: self) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
