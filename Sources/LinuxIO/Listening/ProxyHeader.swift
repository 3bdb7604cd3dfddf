/// What a proxy says of the client it speaks for, in the first bytes of a connection.
///
///     version 1:  PROXY TCP4 192.0.2.7 198.51.100.1 56324 4000\r\n                        at most 107 bytes
///     version 2:  12 bytes of signature, version and command (1), family (1), length (2), addresses, TLVs
///
/// Only the source's address matters here; the destination and all TLVs are passed over. Source: HAProxy, "The PROXY
/// protocol", versions 1 and 2.
package struct ProxyHeader: Equatable, Sendable {
    /// The client's address, 4 or 16 bytes in network order.
    package let address: [UInt8]
    package let port: UInt16
    /// How many bytes the header has.
    package let length: Int

    /// What became of some first bytes.
    package enum Reading: Equatable, Sendable {
        case complete(ProxyHeader)
        /// They are the beginning of a header, or may be.
        case incomplete
        /// They are none, or one that names no client: `UNKNOWN`, `LOCAL`, or another family than IPv4 and IPv6.
        case unusable
    }

    /// The most bytes of a header that are waited for. Those of version 2 may carry certificates in their TLVs.
    package static let maximumLength = 4096
    /// The most that version 1 can have, its line end included.
    private static let maximumLineLength = 107
    private static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
    private static let word = Array("PROXY ".utf8)

    /// - Parameter bytes: Everything the connection has brought so far.
    package static func read(_ bytes: some RandomAccessCollection<UInt8>) -> Reading {
        let bytes = Array(bytes.prefix(maximumLength + 1))
        if begins(bytes, with: signature) { return readBinary(bytes) }
        if begins(bytes, with: word) { return readLine(bytes) }
        return .unusable
    }

    /// Whether the bytes begin with `mark`, or may, once there are more of them.
    private static func begins(_ bytes: [UInt8], with mark: [UInt8]) -> Bool {
        zip(bytes, mark).allSatisfy { $0 == $1 }
    }

    // MARK: Version 1

    private static func readLine(_ bytes: [UInt8]) -> Reading {
        guard let end = bytes.prefix(maximumLineLength).firstIndex(of: UInt8(ascii: "\n")) else {
            return bytes.count < maximumLineLength ? .incomplete : .unusable
        }
        guard end > 0, bytes[end - 1] == UInt8(ascii: "\r") else { return .unusable }
        let line = String(decoding: bytes[..<(end - 1)], as: UTF8.self)
        let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard words.count == 6, let port = port(words[4]), Self.port(words[5]) != nil else { return .unusable }
        let address: ([UInt8]?, [UInt8]?)
        switch words[1] {
        case "TCP4": address = (IPAddress.bytes(ofIPv4: words[2]), IPAddress.bytes(ofIPv4: words[3]))
        case "TCP6": address = (IPAddress.bytes(ofIPv6: words[2]), IPAddress.bytes(ofIPv6: words[3]))
        default: return .unusable
        }
        guard let source = address.0, address.1 != nil else { return .unusable }
        return .complete(ProxyHeader(address: source, port: port, length: end + 1))
    }

    private static func port(_ text: String) -> UInt16? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return UInt16(text)
    }

    // MARK: Version 2

    private static func readBinary(_ bytes: [UInt8]) -> Reading {
        guard bytes.count >= 16 else { return .incomplete }
        let length = 16 + (Int(bytes[14]) << 8 | Int(bytes[15]))
        // Version 2, for a client (not LOCAL), of a stream over IPv4 or IPv6.
        guard bytes[12] == 0x21, length <= maximumLength else { return .unusable }
        let size: Int
        switch bytes[13] {
        case 0x11: size = 4
        case 0x21: size = 16
        default: return .unusable
        }
        guard length >= 16 + 2 * size + 4 else { return .unusable }
        guard bytes.count >= length else { return .incomplete }
        let ports = 16 + 2 * size
        return .complete(
            ProxyHeader(
                address: Array(bytes[16..<16 + size]),
                port: UInt16(bytes[ports]) << 8 | UInt16(bytes[ports + 1]),
                length: length
            )
        )
    }
}
