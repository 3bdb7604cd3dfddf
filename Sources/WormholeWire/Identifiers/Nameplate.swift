/// The number a person reads aloud, such as `4` in `4-purple-sausages`.
///
/// 1 to 40 ASCII digits, compared as text: `7` and `007` are two nameplates.
package struct Nameplate: Hashable, Sendable {
    /// The digits as they arrived.
    package let digits: String

    /// - Returns: `nil` unless `text` is 1 to 40 ASCII digits.
    package init?(_ text: String) {
        guard (1...40).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        self.digits = text
    }

    /// The nameplate of a number the server chose.
    package init(_ number: Int) {
        precondition(number >= 0, "a nameplate has no sign")
        self.digits = String(number)
    }
}

extension Nameplate: Comparable {
    /// The order of `list`: as text, so that `1 < 10 < 2`.
    package static func < (left: Self, right: Self) -> Bool { left.digits < right.digits }
}

extension Nameplate: CustomStringConvertible {
    package var description: String { digits }
}
