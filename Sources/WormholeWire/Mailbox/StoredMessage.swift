/// One message in a mailbox.
package struct StoredMessage: Hashable, Sendable {
    package let side: Side
    package let phase: Phase
    /// Hexadecimal text by convention; opaque here.
    package let body: WireString
    /// The `id` of the `add` that brought it, repeated in every delivery; `null` when it had none.
    package let id: JSONText
    /// When the `add` arrived.
    package let received: Timestamp

    package init(side: Side, phase: Phase, body: WireString, id: JSONText, received: Timestamp) {
        self.side = side
        self.phase = phase
        self.body = body
        self.id = id
        self.received = received
    }

    /// Bytes that count against the limits of stored bytes: all text of the message.
    package var storedBytes: Int {
        body.text.utf8.count + phase.text.utf8.count + side.text.utf8.count + id.text.utf8.count
    }
}
