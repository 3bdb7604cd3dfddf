import TestSupport
import Testing

@testable import Admin

@Suite("The host a request is addressed to")
struct HostHeaderTests {
    @Test(
        "loopback names and addresses are ours",
        arguments: [
            "localhost", "localhost:4003", "LocalHost:1", "127.0.0.1", "127.0.0.1:4003", "127.255.0.9:80", "[::1]",
            "[::1]:4003",
        ]
    )
    func loopback(value: String) {
        #expect(HostHeader(value)?.isLoopback == true)
    }

    @Test(
        "everything else is not",
        arguments: [
            "", ":", ":80", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.1:80:80",
            "127.0.0.1:x", "127.0.0.1:123456", "127.0.0.256", "127.0.0", "127.0.0.0.1", "127..0.1", "127.+1.0.1",
            "128.0.0.1", "0.0.0.0", "[::1", "[::1]x", "[]", "[::2]", "::1", "localhost ", " localhost", "[::1]:4003 ",
            "127.0.0.1@evil.example", "user@localhost", "２127.0.0.1", "127.0.0.１",
        ]
    )
    func foreign(value: String) {
        #expect(HostHeader(value)?.isLoopback != true)
    }

    @Test("no bytes make it trap", arguments: 0..<50 as Range<UInt64>)
    func fuzz(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let length = Int.random(in: 0..<24, using: &random)
            let alphabet = Array("[]:.:127localhost0é\u{0}\n %".utf8) + [0xFF, 0xC3]
            let bytes = (0..<length).map { _ in alphabet.randomElement(using: &random) ?? 0 }
            _ = HostHeader(String(decoding: bytes, as: UTF8.self))
        }
    }
}
