package import Admission
package import Observations
package import WormholeWire

/// Where nameplates, mailboxes and their messages live.
///
/// The protocol speaks the language of the domain, and its answers are events, not return values: a store in this process
/// answers while it is asked, one across a network later. Delivery is driven by the store, never by the `add` itself, so
/// that an author hears a message exactly when its partner does, wherever the partner is connected.
///
/// An operation of a subscriber is answered by exactly one ``StoreEvent/completed(_:_:)``.
package protocol ChannelStore {
    /// The machine's clock that only goes forward, as the owner told it last.
    var uptime: Uptime { get set }

    /// Carries out, or begins to carry out, one operation.
    ///
    /// - Parameters:
    ///   - subscriber: Who asks, and who listens after an ``StoreOperation/open(_:_:_:)``.
    ///   - now: The server's clock when the command arrived.
    ///   - events: Appended to, in the order they are to be carried out.
    mutating func perform(
        _ operation: StoreOperation,
        for subscriber: ConnectionID,
        at now: Timestamp,
        into events: inout [StoreEvent]
    )

    /// Ends a subscriber's listening to a mailbox, one that is still being opened included. Nothing is released or closed
    /// by it.
    mutating func unsubscribe(_ subscriber: ConnectionID, from mailbox: MailboxID)

    /// Removes what nobody has touched for the time of expiry.
    ///
    /// - Parameter claims: Those of connected clients. Nameplates that these still hold stay with their mailboxes, as do
    ///   mailboxes with listeners.
    mutating func expire(
        keeping claims: [SuccessfulClaim],
        at now: Timestamp,
        into events: inout [StoreEvent]
    )

    /// How much is stored now.
    var levels: MailboxLevels { get }
}

/// What a side can ask of the store.
package enum StoreOperation: Equatable, Sendable {
    case list(AppID)
    /// A nameplate that comes into being by it counts to the source, until it is gone. `nil`: to nobody.
    case allocate(AppID, Side, from: SourceID?)
    /// The same.
    case claim(AppID, Nameplate, Side, from: SourceID?)
    case release(AppID, Nameplate, Side)
    /// Opens and subscribes.
    case open(AppID, MailboxID, Side)
    case add(AppID, MailboxID, StoredMessage)
    /// Closes for the side, and ends the subscriber's listening. `isOpen`: whether this subscriber has it open.
    case close(AppID, MailboxID, Side, mood: String?, isOpen: Bool)
}

/// A claim that led to a mailbox. The side may have released the nameplate since, on another connection, and the nameplate may
/// be gone, or be another one of the same name.
package struct SuccessfulClaim: Sendable {
    package let appID: AppID
    package let nameplate: Nameplate
    package let side: Side
    package let mailbox: MailboxID
}

/// How an operation went.
package enum StoreOutcome: Equatable, Sendable {
    case nameplates([Nameplate])
    case allocated(Nameplate)
    case claimed(MailboxID)
    case released
    /// The messages stored before, oldest first.
    case opened(replay: [StoredMessage])
    case added
    case closed
    case failed(StoreFailure)
}

/// Why an operation was not carried out.
package enum StoreFailure: Equatable, Sendable {
    /// More than two sides have tried to use it.
    case crowded
    /// The side had released the nameplate, which still exists.
    case reclaimed
    /// The mailbox id belongs to another application.
    case mailboxInUse
    /// The mailbox is gone: expired, or closed by its last side elsewhere.
    case mailboxGone
    /// A limit on messages or bytes, of the mailbox or of all.
    case full
    /// The source holds as many nameplates as it may; nothing was changed.
    case tooManyNameplates
    /// All numbers that were tried are taken.
    case noFreeNameplate
    /// The store cannot write; nothing was changed.
    case unavailable
}

/// What a store says.
package enum StoreEvent: Equatable, Sendable {
    case completed(ConnectionID, StoreOutcome)
    /// A message is stored and is to be heard by its listeners.
    case message(StoredMessage, to: [ConnectionID])
    /// A change to be written down before anything after it is told to anybody.
    case changed(Change)
    case observed(Observation)
}
