import Admission
import LinuxIO
import Observations
import TestSupport
import Testing

@Suite("Ranges of sources")
struct SourceRangesTests {
    private static func network(_ bytes: [UInt8]) throws -> SourceNetwork {
        try #require(bytes.withUnsafeBytes { SourceNetwork(address: $0) })
    }

    private static func ranges(_ texts: String...) throws -> SourceRanges {
        var ranges = SourceRanges()
        for text in texts {
            let isIn = ranges.insert(try #require(AddressRange(text)))
            #expect(isIn)
        }
        return ranges
    }

    @Test("an address is in a range of its family that begins as it does")
    func contains() throws {
        let ranges = try Self.ranges("192.0.2.0/24", "198.51.100.7", "2001:db8:7::/48", "2001:db8:8:1::/64")
        #expect(ranges.count == 4)
        #expect(ranges.contains(try Self.network([192, 0, 2, 255])))
        #expect(!ranges.contains(try Self.network([192, 0, 3, 0])))
        #expect(ranges.contains(try Self.network([198, 51, 100, 7])))
        #expect(!ranges.contains(try Self.network([198, 51, 100, 6])))
        var address: [UInt8] = [0x20, 0x01, 0x0D, 0xB8, 0, 7] + Array(repeating: 9, count: 10)
        #expect(ranges.contains(try Self.network(address)))
        address[5] = 8
        #expect(!ranges.contains(try Self.network(address)))
        address.replaceSubrange(6..<8, with: [0, 1])
        #expect(ranges.contains(try Self.network(address)))
        // An IPv4 address inside an IPv6 one is an IPv4 address.
        let mapped: [UInt8] = Array(repeating: 0, count: 10) + [0xFF, 0xFF, 192, 0, 2, 9]
        #expect(ranges.contains(try Self.network(mapped)))
    }

    @Test("everything can be a range, and one family is not the other")
    func everything() throws {
        let ranges = try Self.ranges("0.0.0.0/0")
        #expect(ranges.contains(try Self.network([8, 8, 8, 8])))
        #expect(!ranges.contains(try Self.network([0x20] + Array(repeating: 1, count: 15))))
        #expect(try Self.ranges("::/0").contains(Self.network([0x20] + Array(repeating: 1, count: 15))))
    }

    @Test("what cannot be told apart is refused", arguments: ["2001:db8::/65", "2001:db8::1", "::ffff:192.0.2.0/120"])
    func refused(text: String) throws {
        var ranges = SourceRanges()
        let isIn = ranges.insert(try #require(AddressRange(text)))
        #expect(!isIn)
        #expect(ranges == SourceRanges())
    }

    @Test("agrees with a look at every range", arguments: 0..<30 as Range<UInt64>)
    func walk(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var ranges = SourceRanges()
        var all: [AddressRange] = []
        for _ in 0..<40 {
            let length = Int.random(in: 0...32, using: &random)
            let bits =
                length == 0 ? 0 : (UInt32.random(in: 0 ... .max, using: &random) >> (32 - length)) << (32 - length)
            let text = (0..<4).map { String(bits >> (24 - 8 * $0) & 0xFF) }.joined(separator: ".") + "/\(length)"
            // A short range would contain everything.
            guard length > 3, let range = AddressRange(text) else { continue }
            let isIn = ranges.insert(range)
            #expect(isIn)
            all.append(range)
        }
        for _ in 0..<300 {
            let bytes = (0..<4).map { _ in UInt8.random(in: 0...255, using: &random) }
            let text = bytes.map(String.init).joined(separator: ".")
            #expect(
                ranges.contains(try Self.network(bytes)) == all.contains { $0.contains(text) },
                "seed \(seed): \(text)"
            )
        }
    }

    @Test("denied networks are refused, allowed ones alone let in, and this machine always")
    func rules() throws {
        let census = SourceCensus()
        let doorkeeper = Doorkeeper(limits: AdmissionLimits(), countsLoopback: false, census: census)
        func reason(_ bytes: UInt8...) throws -> RejectionReason? {
            switch doorkeeper.admit(try Self.network(bytes), at: 1) {
            case .admitted: nil
            case .refused(let reason): reason
            }
        }
        census.rules.replace(allowed: nil, denied: try Self.ranges("192.0.2.0/24"))
        #expect(try reason(192, 0, 2, 1) == .deniedSource)
        #expect(try reason(198, 51, 100, 1) == nil)
        census.rules.replace(allowed: try Self.ranges("192.0.2.0/24"), denied: try Self.ranges("192.0.2.8/30"))
        #expect(try reason(192, 0, 2, 1) == nil)
        #expect(try reason(192, 0, 2, 9) == .deniedSource)
        #expect(try reason(198, 51, 100, 1) == .deniedSource)
        #expect(try reason(127, 0, 0, 1) == nil)
        census.rules.replace(allowed: nil, denied: SourceRanges())
        #expect(try reason(192, 0, 2, 9) == nil)
    }
}
