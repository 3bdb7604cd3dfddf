/// The application a client speaks for. Nameplates and mailboxes of different applications never meet.
///
/// Any text of at most 1,024 bytes, the empty one included. The file-transfer tools use
/// `lothar.com/wormhole/text-or-file-xfer`.
package struct AppID: WireIdentifier {
    package let string: WireString
    package init(unchecked string: WireString) { self.string = string }
}

/// What a client calls itself for the life of one wormhole, over all its reconnections. Participants are counted by it.
package struct Side: WireIdentifier {
    package let string: WireString
    package init(unchecked string: WireString) { self.string = string }
}

/// The name of a message queue shared by two sides. Whoever knows it can open the mailbox, so it is never logged.
package struct MailboxID: WireIdentifier {
    package let string: WireString
    package init(unchecked string: WireString) { self.string = string }
}

/// The label of a mailbox message, such as `pake`, `version` or `0`. Opaque to the server.
package struct Phase: WireIdentifier {
    package let string: WireString
    package init(unchecked string: WireString) { self.string = string }
}
