import LinuxIO
import Testing

@Suite("Address ranges")
struct AddressRangeTests {
    @Test(
        "an address is in a range when the bits that count are the same",
        arguments: [
            ("127.0.0.0/8", "127.255.0.1", true), ("127.0.0.0/8", "128.0.0.1", false),
            ("192.0.2.128/25", "192.0.2.200", true), ("192.0.2.128/25", "192.0.2.127", false),
            ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false), ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false), ("127.0.0.0/8", "::ffff:127.0.0.1", true), ("::1", "::1", true),
            ("2001:db8::/33", "2001:db8:7fff::1", true), ("2001:db8::/33", "2001:db8:8000::1", false),
            ("::/0", "2001:db8::1", true), ("::/0", "127.0.0.1", false), ("10.0.0.0/8", "no address", false),
        ]
    )
    func membership(range: String, address: String, isMember: Bool) throws {
        #expect(try #require(AddressRange(range)).contains(address) == isMember)
    }

    @Test(
        "what is no range is refused",
        arguments: [
            "", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.1/8", "10.0.0/8",
            "::/129", "2001:db8::1/32", "localhost", "10.0.0.0/8/8", "::1%lo",
        ]
    )
    func refusals(text: String) {
        #expect(AddressRange(text) == nil)
    }
}
