/// How a nameplate ended, as the `result` column of the usage database spells it.
package enum NameplateResult: String, CaseIterable, Sendable {
    case happy, lonely, pruney, crowded
}

/// How a mailbox ended, as the `result` column of the usage database spells it.
package enum MailboxResult: String, CaseIterable, Sendable {
    case happy, scary, lonely, errory, pruney, crowded, quiet
}

/// How a connection to the transit relay ended, as the `result` column of the usage database spells it.
package enum TransitMood: String, CaseIterable, Sendable {
    /// Two clients were joined and have parted, for whatever reason.
    case happy
    /// Waited, and left without a partner.
    case lonely
    /// A complete first line that is no handshake.
    case errory
    /// Waited, and another connection of the same side was chosen.
    case redundant
    /// The second of a pair; its partner's record speaks for both. Never stored.
    case jilted
    /// Waited, and sent data before it had a partner.
    case impatient
    /// Ended before a complete first line.
    case empty
}
