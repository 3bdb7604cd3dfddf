package import LinuxIO

/// Many ranges of networks, such as those of a list of addresses that may not come in.
///
/// A look-up costs as much as there are different lengths, not as there are ranges.
package struct SourceRanges: Equatable, Sendable {
    /// Leading bits by their number, of IPv4 and of IPv6.
    private var ipv4: [Int: Set<UInt64>] = [:]
    private var ipv6: [Int: Set<UInt64>] = [:]

    package init() {}

    /// How many there are.
    package var count: Int { (ipv4.values.map(\.count) + ipv6.values.map(\.count)).reduce(0, +) }

    /// Adds a range.
    ///
    /// - Returns: `false` for one that is a part of an IPv6 network of 64 bits, which is the least that is told apart, and for IPv4
    ///   addresses that are written as IPv6 ones.
    package mutating func insert(_ range: AddressRange) -> Bool {
        guard let start = range.start else { return false }
        if start.isIPv6 {
            guard range.length <= 64 else { return false }
            ipv6[range.length, default: []].insert(start.bits >> (64 - range.length))
        } else {
            ipv4[range.length, default: []].insert(start.bits >> (32 - range.length))
        }
        return true
    }

    package func contains(_ network: SourceNetwork) -> Bool {
        let width = network.isIPv6 ? 64 : 32
        return (network.isIPv6 ? ipv6 : ipv4).contains { length, starts in
            starts.contains(network.bits >> (width - length))
        }
    }
}
