import LinuxIO
import TestSupport
import Testing

@Suite("PROXY protocol headers")
struct ProxyHeaderTests {
    private static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]
    private static let ipv6: [UInt8] = [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [7]

    /// A header of version 2.
    private static func binary(
        command: UInt8 = 0x21,
        family: UInt8 = 0x11,
        body: [UInt8],
        length: Int? = nil
    ) -> [UInt8] {
        let length = length ?? body.count
        return signature + [command, family, UInt8(length >> 8), UInt8(length & 0xFF)] + body
    }

    private static let ipv4Body: [UInt8] = [192, 0, 2, 7, 198, 51, 100, 1, 0xDC, 0x04, 0x0F, 0xA0]
    private static let ipv6Body: [UInt8] = ipv6 + [UInt8](repeating: 1, count: 16) + [0, 80, 0x0F, 0xA0]
    private static let typeLengthValues: [UInt8] = [0x04, 0, 3, 1, 2, 3, 0x20, 0xFF, 0xFF]

    private static let good: [(bytes: [UInt8], address: [UInt8], port: UInt16)] = [
        (Array("PROXY TCP4 192.0.2.7 198.51.100.1 56324 4000\r\n".utf8), [192, 0, 2, 7], 56324),
        (Array("PROXY TCP4 0.0.0.0 0.0.0.0 0 65535\r\n".utf8), [0, 0, 0, 0], 0),
        (Array("PROXY TCP6 2001:db8::7 ::1 80 4000\r\n".utf8), ipv6, 80),
        (binary(body: ipv4Body), [192, 0, 2, 7], 56324),
        (binary(family: 0x21, body: ipv6Body), ipv6, 80),
        (binary(body: ipv4Body + typeLengthValues), [192, 0, 2, 7], 56324),
        (binary(body: ipv4Body + [UInt8](repeating: 0, count: 4068)), [192, 0, 2, 7], 56324),
    ]

    @Test(
        "both versions tell the client's address, however the bytes come and whatever follows",
        arguments: good.indices
    )
    func reads(index: Int) {
        let (bytes, address, port) = Self.good[index]
        for count in 0..<bytes.count {
            #expect(ProxyHeader.read(bytes[..<count]) == .incomplete, "\(count) bytes")
        }
        for rest in [[], Array("GET /v1 HTTP/1.1\r\n".utf8)] {
            guard case .complete(let header) = ProxyHeader.read(bytes + rest) else {
                Issue.record("\(ProxyHeader.read(bytes + rest))")
                continue
            }
            #expect(header.address == address && header.port == port && header.length == bytes.count)
        }
    }

    private static let bad: [[UInt8]] =
        [
            "GET / HTTP/1.1\r\n", "PROXY UNKNOWN\r\n", "PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", "PROXY \r\n",
            "PROXY TCP4 192.0.2.7 198.51.100.1 56324\r\n", "PROXY TCP4 192.0.2.7 198.51.100.1 56324 4000\n",
            "PROXY TCP4 192.0.2.7 198.51.100.1 65536 4000\r\n", "PROXY TCP4 192.0.2.7 198.51.100.1 +1 4000\r\n",
            "PROXY TCP4 2001:db8::7 ::1 80 4000\r\n", "PROXY TCP4 192.0.2.256 198.51.100.1 1 2\r\n",
            "PROXY TCP4  192.0.2.7 198.51.100.1 1 2\r\n", "PROXY UDP4 192.0.2.7 198.51.100.1 1 2\r\n",
            "PROXY TCP6 192.0.2.7 198.51.100.1 1 2\r\n", "proxy TCP4 192.0.2.7 198.51.100.1 1 2\r\n",
            "PROXY TCP4 192.0.2.7 198.51.100.1 1 2 3\r\n",
            "PROXY TCP4 " + String(repeating: "1", count: 120),
        ].map { Array($0.utf8) } + [
            binary(command: 0x20, family: 0, body: []),  // LOCAL
            binary(command: 0x20, body: ipv4Body),
            binary(family: 0x00, body: ipv4Body),  // UNSPEC
            binary(family: 0x12, body: ipv4Body),  // a datagram
            binary(family: 0x31, body: [UInt8](repeating: 0, count: 216)),  // a Unix socket
            binary(command: 0x11, body: ipv4Body), binary(command: 0x22, body: ipv4Body),
            binary(body: [192, 0, 2, 7], length: 4),
            binary(body: ipv4Body, length: 65535),
        ]

    @Test("what names no client, and what is no header, is unusable", arguments: bad.indices)
    func refuses(index: Int) {
        #expect(ProxyHeader.read(Self.bad[index]) == .unusable)
    }

    @Test("mutated headers never trap, and what is complete lies within the bytes", arguments: 0..<50 as Range<UInt64>)
    func fuzz(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            var bytes = Self.good[Int.random(in: Self.good.indices, using: &random)].bytes
            for _ in 0..<Int.random(in: 0...6, using: &random) {
                let place = Int.random(in: bytes.indices, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = .random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                default: bytes.insert(.random(in: 0...255, using: &random), at: place)
                }
            }
            if case .complete(let header) = ProxyHeader.read(bytes) {
                #expect(header.length <= bytes.count && [4, 16].contains(header.address.count), "seed \(seed)")
            }
        }
    }

    @Test("no header is waited for without end")
    func bounded() {
        let endless = Array("PROXY ".utf8) + [UInt8](repeating: 0x20, count: ProxyHeader.maximumLength)
        #expect(ProxyHeader.read(endless) == .unusable)
        #expect(ProxyHeader.read(Self.binary(body: [], length: ProxyHeader.maximumLength - 15)) == .unusable)
    }
}
