import LinuxIO
import Testing

@Suite
struct SourceNetworkTests {
    private static func network(_ address: String) throws -> SourceNetwork {
        let bytes = try #require(IPAddress.bytes(ofIPv4: address) ?? IPAddress.bytes(ofIPv6: address))
        return try #require(bytes.withUnsafeBytes { SourceNetwork(address: $0) })
    }

    @Test("an IPv4 address is a source, however it is written")
    func ipv4() throws {
        #expect(try Self.network("192.0.2.1") == Self.network("::ffff:192.0.2.1"))
        #expect(try Self.network("192.0.2.1") != Self.network("192.0.2.2"))
    }

    @Test("so is an IPv6 network of 64 bits")
    func ipv6() throws {
        #expect(try Self.network("2001:db8::1") == Self.network("2001:db8::ffff:2"))
        #expect(try Self.network("2001:db8::1") != Self.network("2001:db8:0:1::1"))
        #expect(try Self.network("::c000:201") != Self.network("192.0.2.1"))
    }

    @Test("this machine is known", arguments: ["127.0.0.1", "127.0.0.2", "::1", "::ffff:127.1.2.3"])
    func loopback(address: String) throws {
        #expect(try Self.network(address).isLoopback)
    }

    @Test("others are not", arguments: ["128.0.0.1", "::2", "::", "::1:0:0:1"])
    func elsewhere(address: String) throws {
        #expect(try !Self.network(address).isLoopback)
    }
}
