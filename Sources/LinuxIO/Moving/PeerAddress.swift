internal import CLinux
internal import Glibc

/// The other end of an Internet connection. An IPv4 address inside an IPv6 one (`::ffff:a.b.c.d`) is given as IPv4.
package struct PeerAddress: Hashable, Sendable {
    /// The IPv6 address in network order, as two numbers; of an IPv4 address the last 4 bytes of `lower`.
    private let upper: UInt64
    private let lower: UInt64
    package let port: UInt16
    package let isIPv6: Bool

    /// - Parameter address: 4 or 16 bytes in network order.
    /// - Returns: `nil` for any other number of bytes.
    package init?(address: [UInt8], port: UInt16) {
        guard let made = address.withUnsafeBytes({ PeerAddress($0, port: port) }) else { return nil }
        self = made
    }

    /// - Parameter storage: The address of a socket, as the kernel writes it.
    /// - Returns: `nil` for anything but IPv4 and IPv6.
    init?(_ storage: sockaddr_storage) {
        let place: Range<Int>
        switch CInt(storage.ss_family) {
        case AF_INET: place = 4..<8  // sin_addr, ip(7)
        case AF_INET6: place = 8..<24  // sin6_addr, ipv6(7)
        default: return nil
        }
        let made = withUnsafeBytes(of: storage) { bytes in
            // sin_port and sin6_port
            let port = UInt16(bigEndian: bytes.load(fromByteOffset: 2, as: UInt16.self))
            return PeerAddress(UnsafeRawBufferPointer(rebasing: bytes[place]), port: port)
        }
        guard let made else { return nil }
        self = made
    }

    private init?(_ bytes: UnsafeRawBufferPointer, port: UInt16) {
        switch bytes.count {
        case 4:
            upper = 0
            lower = UInt64(UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self)))
            isIPv6 = false
        case 16:
            upper = UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
            let half = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            let isMapped = upper == 0 && half >> 32 == 0xFFFF
            lower = isMapped ? half & 0xFFFF_FFFF : half
            isIPv6 = !isMapped
        default:
            return nil
        }
        self.port = port
    }

    /// 4 or 16 bytes in network order.
    package var address: [UInt8] {
        let all = withUnsafeBytes(of: (upper.bigEndian, lower.bigEndian), Array.init)
        return isIPv6 ? all : Array(all.suffix(4))
    }

    /// What limits count it to.
    package var network: SourceNetwork? { address.withUnsafeBytes { SourceNetwork(address: $0) } }

    /// The address in figures, without the port; inet_ntop(3).
    package var text: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        _ = inet_ntop(isIPv6 ? AF_INET6 : AF_INET, address, &text, socklen_t(text.count))
        return text.withUnsafeBufferPointer { $0.baseAddress.map(String.init(cString:)) ?? "" }
    }
}
