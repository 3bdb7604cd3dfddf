internal import Glibc

/// Where a connection comes from, as far as limits care: an IPv4 address, or an IPv6 network of 64 bits, which is the least
/// that one customer has.
package struct SourceNetwork: Hashable, Sendable {
    /// The IPv4 address, or the upper half of the IPv6 address.
    package let bits: UInt64
    package let isIPv6: Bool
    /// This machine: a person at it, or a proxy that speaks for many.
    package let isLoopback: Bool

    /// - Parameter address: 4 or 16 bytes in network order. An IPv4 address inside an IPv6 one counts as IPv4.
    /// - Returns: `nil` for any other number of bytes.
    package init?(address: UnsafeRawBufferPointer) {
        switch address.count {
        case 4:
            self.init(ipv4: address[...])
        case 16:
            if address.prefix(10).allSatisfy({ $0 == 0 }), address[10] == 0xFF, address[11] == 0xFF {
                self.init(ipv4: address[12...])
            } else {
                let upper = Self.number(address[..<8])
                self.init(bits: upper, isIPv6: true, isLoopback: upper == 0 && Self.number(address[8...]) == 1)
            }
        default:
            return nil
        }
    }

    /// - Parameter bytes: An address of a socket, as the kernel writes it.
    /// - Returns: `nil` for the peer of a Unix socket.
    package init?(socketAddress bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= MemoryLayout<sockaddr>.size else { return nil }
        let place: (offset: Int?, count: Int)
        switch CInt(bytes.loadUnaligned(as: sockaddr.self).sa_family) {
        case AF_INET: place = (MemoryLayout<sockaddr_in>.offset(of: \.sin_addr), 4)
        case AF_INET6: place = (MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr), 16)
        default: return nil
        }
        guard let offset = place.offset, offset + place.count <= bytes.count else { return nil }
        self.init(address: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + place.count]))
    }

    private init(ipv4 bytes: Slice<UnsafeRawBufferPointer>) {
        let number = Self.number(bytes)
        self.init(bits: number, isIPv6: false, isLoopback: number >> 24 == 127)
    }

    private init(bits: UInt64, isIPv6: Bool, isLoopback: Bool) {
        self.bits = bits
        self.isIPv6 = isIPv6
        self.isLoopback = isLoopback
    }

    private static func number(_ bytes: Slice<UnsafeRawBufferPointer>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
