internal import Glibc

/// A string whose equality is that of its UTF-8 bytes.
///
/// Swift's own `String` equality is canonical equivalence, so that a composed and a decomposed `é` are the same; for the
/// wormhole protocols they are two different app ids, sides, mailboxes and phases. Everything that names something on
/// the wire is therefore held as one of the types that wrap this one.
package struct WireString: Hashable, Sendable {
    /// The text as it arrived, any Unicode scalar included, U+0000 among them.
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package static func == (left: Self, right: Self) -> Bool {
        let (left, right) = (left.text.utf8, right.text.utf8)
        guard left.count == right.count else { return false }
        // Strings of Swift's own are contiguous, and comparing their bytes in place is several times faster.
        let isEqual = left.withContiguousStorageIfAvailable { left in
            right.withContiguousStorageIfAvailable { right in
                guard let left = left.baseAddress, let other = right.baseAddress else { return true }
                return left == other || memcmp(left, other, right.count) == 0
            }
        }
        return (isEqual ?? nil) ?? left.elementsEqual(right)
    }

    package func hash(into hasher: inout Hasher) {
        var text = self.text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension WireString: Comparable {
    /// Byte-wise order, which is how `list` sorts nameplates (`"1" < "10" < "2"`).
    package static func < (left: Self, right: Self) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
}

extension WireString: ExpressibleByStringLiteral {
    package init(stringLiteral text: String) {
        self.init(text)
    }
}

/// A name of bounded length that arrived from a client.
///
/// Conforming types say what they name; the bound keeps what a client can make us remember small.
package protocol WireIdentifier: Hashable, Sendable, CustomStringConvertible {
    /// The name, compared byte by byte.
    var string: WireString { get }
    /// Wraps a string that is already known to be within the bounds, such as one read back from our own database.
    init(unchecked string: WireString)
}

extension WireIdentifier {
    /// The most UTF-8 bytes a name may have: 1,024. Known clients stay below 100.
    package static var maximumLength: Int { 1024 }

    /// - Returns: `nil` when `text` is longer than ``maximumLength``.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.maximumLength else { return nil }
        self.init(unchecked: WireString(text))
    }

    /// The name as text, as it arrived.
    package var text: String { string.text }

    package var description: String { string.text }
}
