/// A range of IP addresses with a common beginning, such as `192.0.2.0/24` or `2001:db8::/32`.
///
/// IPv4 addresses inside IPv6 ones (`::ffff:a.b.c.d`) are judged as IPv4. Source: RFC 4632 (CIDR), RFC 4291, section 2.3.
package struct AddressRange: Hashable, Sendable, CustomStringConvertible {
    /// 4 or 16 bytes in network order.
    private let prefix: [UInt8]
    /// How many leading bits count.
    package let length: Int

    /// 127.0.0.0/8 and ::1.
    package static let loopback = [AddressRange("127.0.0.0/8"), AddressRange("::1")].compactMap(\.self)

    /// - Parameter text: An address, alone or with `/` and the number of bits that count. Bits behind them must be zero,
    ///   so that a slip of the pen is told from a range.
    /// - Returns: `nil` when `text` is none.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard let bytes = IPAddress.bytes(ofIPv4: parts[0]) ?? IPAddress.bytes(ofIPv6: parts[0]) else { return nil }
        switch parts.count {
        case 1: length = bytes.count * 8
        case 2:
            guard let bits = Int(parts[1]), (0...bytes.count * 8).contains(bits), parts[1].utf8.allSatisfy(isDigit)
            else { return nil }
            length = bits
        default: return nil
        }
        prefix = bytes
        for bit in length..<max(length, bytes.count * 8) where bytes[bit / 8] & (0x80 >> UInt8(bit % 8)) != 0 {
            return nil
        }
    }

    /// The network that the first of its addresses is in; `nil` for IPv4 addresses that are written as IPv6 ones.
    package var start: SourceNetwork? {
        let network = prefix.withUnsafeBytes { SourceNetwork(address: $0) }
        return network?.isIPv6 == (prefix.count == 16) ? network : nil
    }

    /// - Parameter address: An address in text form; what is none is in no range.
    package func contains(_ address: String) -> Bool {
        guard var bytes = IPAddress.bytes(ofIPv4: address) ?? IPAddress.bytes(ofIPv6: address) else { return false }
        if let mapped = IPAddress.mappedIPv4(bytes) { bytes = mapped }
        return contains(bytes)
    }

    package func contains(_ peer: PeerAddress) -> Bool { contains(peer.address) }

    private func contains(_ bytes: [UInt8]) -> Bool {
        guard bytes.count == prefix.count else { return false }
        for index in 0..<(length / 8) where bytes[index] != prefix[index] { return false }
        let rest = length % 8
        guard rest > 0 else { return true }
        return (bytes[length / 8] ^ prefix[length / 8]) >> UInt8(8 - rest) == 0
    }

    package var description: String {
        let address =
            prefix.count == 4
            ? prefix.map(String.init).joined(separator: ".")
            : stride(from: 0, to: 16, by: 2).map { String(Int(prefix[$0]) << 8 | Int(prefix[$0 + 1]), radix: 16) }
                .joined(separator: ":")
        return "\(address)/\(length)"
    }
}

private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
