/// One JSON value, as the text it was written in.
///
/// `id`, `ping` and `orig` are echoed to clients as they were sent, so that large integers, `1.0` versus `1` and the order of
/// keys survive; nothing is gained by decoding them.
package struct JSONText: Hashable, Sendable {
    /// Valid JSON by RFC 8259.
    package let text: String

    /// - Parameter text: Valid JSON; the caller has scanned or written it.
    package init(valid text: String) {
        self.text = text
    }

    package static let null = JSONText(valid: "null")
}
