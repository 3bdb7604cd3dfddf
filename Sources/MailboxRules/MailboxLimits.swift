package import Admission

/// What one client, one mailbox and all together may make the server remember or wait for. 0 means unlimited.
///
/// Source of the figures: the operator's contract, section on limits.
package struct MailboxLimits: Equatable, Sendable {
    /// Messages in one mailbox; a transfer uses fewer than 10.
    package var messagesPerMailbox = 1000
    /// Bytes of the messages in one mailbox.
    package var bytesPerMailbox = 8 << 20
    /// Bytes of all stored messages; beyond it `add` is refused.
    package var storedBytes = 256 << 20
    /// From connecting to a successful `bind`. No known client takes a second; one that solves a proof of work takes minutes.
    package var bindTimeout: Duration = .seconds(120)
    /// How many times longer a client may take that is asked for a proof of work.
    static let hashcashPatience = 5
    /// Commands of one client that wait while an earlier one is with the store; then it is not read any more.
    package var outstandingCommands = 64
    /// How often one source may ask for a nameplate, claim one, and list them. Sources that are not counted may as they like.
    package var allocations = Pace.unlimited
    package var claims = Pace.unlimited
    package var lists = Pace.unlimited
    /// Nameplates that one source may hold at a time, so that no host takes all the short ones.
    package var nameplatesPerSource = 0
    /// Sides a nameplate or mailbox remembers: two legitimate ones, and the one that makes it crowded.
    package static let recordedSides = 3

    package init() {}
}
