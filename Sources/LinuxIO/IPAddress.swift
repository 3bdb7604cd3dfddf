import Glibc

/// The text form of IP addresses, as `inet_pton(3)` reads it.
package enum IPAddress {
    /// - Returns: 4 bytes in network order, or `nil` when `text` is no dotted quad.
    package static func bytes(ofIPv4 text: String) -> [UInt8]? {
        bytes(of: text, family: AF_INET, count: 4)
    }

    /// - Returns: 16 bytes in network order, or `nil` when `text` is no IPv6 address. A scope is not part of one.
    package static func bytes(ofIPv6 text: String) -> [UInt8]? {
        bytes(of: text, family: AF_INET6, count: 16)
    }

    /// The IPv4 address that an IPv6 address of the form `::ffff:a.b.c.d` stands for (RFC 4291, section 2.5.5.2).
    package static func mappedIPv4(_ bytes: [UInt8]) -> [UInt8]? {
        let prefix: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        return bytes.starts(with: prefix) ? Array(bytes.suffix(4)) : nil
    }

    private static func bytes(of text: String, family: CInt, count: Int) -> [UInt8]? {
        // A C string ends at its first zero byte, and what stands behind it would be ignored.
        guard !text.utf8.contains(0) else { return nil }
        var bytes = [UInt8](repeating: 0, count: count)
        return inet_pton(family, text, &bytes) == 1 ? bytes : nil
    }
}
