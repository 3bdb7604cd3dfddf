import Admission
import WormholeWire

/// What was said on one connection since its `bind`. It ends with the connection.
struct ClientBindingState {
    let appID: AppID
    let side: Side
    var didAllocate = false
    var didClaim = false
    /// Named in the claim, also in one that failed.
    var nameplate: Nameplate?
    /// Where the claim led; `nil` for one that failed.
    var claimedMailbox: MailboxID?
    var didRelease = false
    /// Named in the last `open`, also in one that failed.
    var mailboxID: MailboxID?
    /// Open on this connection now.
    var openMailbox: MailboxID?
    var didClose = false
    /// What was open is gone, so that there is nothing to close until something else is opened.
    private var isMailboxGone = false

    init(appID: AppID, side: Side) {
        self.appID = appID
        self.side = side
    }

    /// The claim that keeps a nameplate from expiring while the client is connected.
    var successfulClaim: SuccessfulClaim? {
        guard !didRelease, let nameplate, let claimedMailbox else { return nil }
        return SuccessfulClaim(appID: appID, nameplate: nameplate, side: side, mailbox: claimedMailbox)
    }

    /// Judges a command; the order of the checks is part of the protocol.
    ///
    /// - Parameter source: Whose share of the limits it counts to; `nil` for nobody's.
    mutating func judge(
        _ message: ClientMessage,
        from source: SourceID?,
        received: Timestamp
    ) -> ClientConnection.Verdict {
        switch message.command {
        case .list: .ask(.list(appID))
        case .allocate:
            didAllocate ? .refuse(.alreadyAllocated) : .ask(.allocate(appID, side, from: source))
        case .claim(let nameplate): claim(nameplate, from: source)
        case .release(let nameplate): release(nameplate)
        case .open(let mailbox): open(mailbox)
        case .add(let phase, let body): add(phase, body, id: message.id, received: received)
        case .close(let mailbox, let mood): close(mailbox, mood: mood)
        case .submitPermissions, .unknown: .refuse(.unknownType)
        case .ping, .bind: preconditionFailure("answered in every state, so not judged here")
        }
    }

    private mutating func claim(_ field: Field<Nameplate>, from source: SourceID?) -> ClientConnection.Verdict {
        if case .absent = field { return .refuse(.missingNameplate) }
        guard !didClaim else { return .refuse(.alreadyClaimed) }
        guard case .present(let nameplate) = field else { return .refuse(.badNameplate) }
        didClaim = true
        self.nameplate = nameplate
        return .ask(.claim(appID, nameplate, side, from: source))
    }

    /// Forgets a claim that changed nothing, so that it can be tried again.
    mutating func takeBackClaim() {
        didClaim = false
        nameplate = nil
    }

    private mutating func release(_ field: Field<WireString>) -> ClientConnection.Verdict {
        guard !didRelease else { return .refuse(.alreadyReleased) }
        switch (field, nameplate) {
        case (.absent, nil): return .refuse(.releaseWithoutClaim)
        case (.absent, let claimed?): return .ask(.release(appID, claimed, side))
        case (.present(let named), let claimed?):
            guard named.text.utf8.elementsEqual(claimed.digits.utf8) else { return .refuse(.releaseOfAnother) }
            return .ask(.release(appID, claimed, side))
        case (.malformed, .some), (.tooLong, .some): return .refuse(.releaseOfAnother)
        case (.malformed, nil), (.tooLong, nil): return .refuse(.badNameplate)
        case (.present(let named), nil):
            if let nameplate = Nameplate(named.text) { return .ask(.release(appID, nameplate, side)) }
            // What is no nameplate does not exist, and releasing what does not exist changes nothing.
            didRelease = true
            return .reply(.released)
        }
    }

    private mutating func open(_ field: Field<MailboxID>) -> ClientConnection.Verdict {
        guard openMailbox == nil else { return .refuse(.alreadyOpen) }
        switch field {
        case .absent: return .refuse(.missingMailbox)
        case .malformed: return .refuse(.notText("mailbox", tooLong: false))
        case .tooLong: return .refuse(.notText("mailbox", tooLong: true))
        case .present(let mailbox):
            mailboxID = mailbox
            isMailboxGone = false
            return .ask(.open(appID, mailbox, side))
        }
    }

    /// Takes note that the open mailbox was closed by its last side, elsewhere.
    mutating func mailboxWentAway() {
        openMailbox = nil
        isMailboxGone = true
    }

    private func add(
        _ phase: Field<Phase>,
        _ body: Field<WireString>,
        id: JSONText,
        received: Timestamp
    ) -> ClientConnection.Verdict {
        guard let openMailbox else { return .refuse(.notOpen) }
        if case .absent = phase { return .refuse(.missingPhase) }
        if case .absent = body { return .refuse(.missingBody) }
        guard case .present(let phase) = phase else { return .refuse(.notText("phase", tooLong: phase == .tooLong)) }
        guard case .present(let body) = body else { return .refuse(.notText("body", tooLong: false)) }
        guard id.text.utf8.count <= MailboxID.maximumLength else { return .refuse(.notText("id", tooLong: true)) }
        let message = StoredMessage(side: side, phase: phase, body: body, id: id, received: received)
        return .ask(.add(appID, openMailbox, message))
    }

    private mutating func close(_ field: Field<MailboxID>, mood: String?) -> ClientConnection.Verdict {
        guard !didClose else { return .refuse(.alreadyClosed) }
        let mailbox: MailboxID
        switch (field, mailboxID) {
        case (.absent, nil): return .refuse(.closeWithoutOpen)
        case (.absent, let opened?): mailbox = opened
        case (.present(let named), nil): mailbox = named
        case (.present(let named), let opened?):
            guard named == opened else { return .refuse(.closeOfAnother) }
            mailbox = named
        case (.malformed, .some), (.tooLong, .some): return .refuse(.closeOfAnother)
        case (.malformed, nil): return .refuse(.notText("mailbox", tooLong: false))
        case (.tooLong, nil): return .refuse(.notText("mailbox", tooLong: true))
        }
        if isMailboxGone {
            didClose = true
            return .reply(.closed)
        }
        return .ask(.close(appID, mailbox, side, mood: mood, isOpen: openMailbox == mailbox))
    }
}
