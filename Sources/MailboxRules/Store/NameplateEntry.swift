package import Admission
package import WormholeWire

/// A nameplate and the sides that ever claimed it.
package struct NameplateEntry: Equatable, Sendable {
    package struct ClaimingSide: Equatable, Sendable {
        package let row: Int64
        package let side: Side
        /// First claim.
        package let added: Timestamp
        package var isClaimed: Bool

        package init(row: Int64, side: Side, added: Timestamp, isClaimed: Bool) {
            self.row = row
            self.side = side
            self.added = added
            self.isClaimed = isClaimed
        }
    }

    package let row: Int64
    package let appID: AppID
    package let nameplate: Nameplate
    package let mailbox: MailboxID
    /// In the order they came.
    package var sides: [ClaimingSide]
    /// Whose connection brought it into being; `nil` for nobody's. Not stored: what is read back is nobody's.
    let holder: SourceID?

    package init(
        row: Int64,
        appID: AppID,
        nameplate: Nameplate,
        mailbox: MailboxID,
        sides: [ClaimingSide],
        holder: SourceID? = nil
    ) {
        self.row = row
        self.appID = appID
        self.nameplate = nameplate
        self.mailbox = mailbox
        self.sides = sides
        self.holder = holder
    }
}
