import LinuxIO
import Testing

@Suite("The address of a peer")
struct PeerAddressTests {
    @Test(
        "in figures, an IPv4 address inside an IPv6 one as IPv4",
        arguments: [
            ([192, 0, 2, 7], "192.0.2.7", false),
            ([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 7], "192.0.2.7", false),
            ([0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9], "2001:db8::9", true),
            ([UInt8](repeating: 0, count: 15) + [1], "::1", true),
        ] as [([UInt8], String, Bool)]
    )
    func text(bytes: [UInt8], text: String, isIPv6: Bool) throws {
        let peer = try #require(PeerAddress(address: bytes, port: 4001))
        #expect(peer.text == text && peer.port == 4001 && peer.isIPv6 == isIPv6)
        #expect(peer.address == (isIPv6 ? bytes : Array(bytes.suffix(4))))
        #expect(peer.network == bytes.withUnsafeBytes { SourceNetwork(address: $0) })
    }

    @Test("has 4 or 16 bytes", arguments: [0, 3, 5, 15, 17])
    func length(count: Int) {
        #expect(PeerAddress(address: [UInt8](repeating: 1, count: count), port: 1) == nil)
    }

    @Test("is in the ranges its text is in")
    func ranges() throws {
        let range = try #require(AddressRange("192.0.2.0/24"))
        for (bytes, isIn) in [([192, 0, 2, 200], true), ([192, 0, 3, 1], false)] as [([UInt8], Bool)] {
            let peer = try #require(PeerAddress(address: bytes, port: 1))
            #expect(range.contains(peer) == isIn && range.contains(peer.text) == isIn)
        }
    }
}
