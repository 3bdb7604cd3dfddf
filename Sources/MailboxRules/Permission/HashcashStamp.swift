import Crypto

/// A proof of work in seven fields, `1:BITS:DATE:RESOURCE:EXT:RAND:COUNTER`.
///
/// Only the version, the bits, the resource and the digest are judged: every client writes date, extension, random part and
/// counter in a form of its own. Source: Hashcash version 1, as the mailbox protocol's section on permissions restricts it.
enum HashcashStamp {
    /// Bytes; real stamps have about 80.
    static let maximumLength = 512

    /// Whether a stamp proves at least `bits` of work for `resource`.
    static func isValid(_ stamp: String, bits: Int, resource: String) -> Bool {
        guard stamp.utf8.count <= maximumLength else { return false }
        let fields = stamp.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard fields.count == 7, fields[0].elementsEqual("1".utf8), fields[3].elementsEqual(resource.utf8),
            fields[1].allSatisfy({ (0x30...0x39).contains($0) }), let claimed = Int(Substring(fields[1])),
            claimed >= bits
        else { return false }
        return leadingZeroBits(of: stamp) >= bits
    }

    private static func leadingZeroBits(of stamp: String) -> Int {
        var count = 0
        for byte in Insecure.SHA1.hash(data: Array(stamp.utf8)) {
            count += byte.leadingZeroBitCount
            guard byte == 0 else { break }
        }
        return count
    }
}
