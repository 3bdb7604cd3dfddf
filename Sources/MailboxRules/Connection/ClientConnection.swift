import Admission
import DequeModule
import Observations
import WormholeWire

/// What one client may do next.
///
///     unbound ──bind──▶ bound ──command──▶ waiting for the store ──completed──▶ bound
///
/// Commands are judged strictly in order, one at a time: while one is with the store, later ones wait here. The connection
/// knows what was said on it and nothing of what is stored; a new connection of the same side starts from the beginning.
///
/// An object, because a value would be copied in and out of its table with every command. ``Rendezvous`` is its one owner.
final class ClientConnection {
    /// A command the store has not answered yet.
    struct Request {
        let message: ClientMessage
        let received: Timestamp
    }

    /// What is to be done about a command.
    enum Verdict {
        /// It is answered already.
        case reply(ServerMessage)
        /// It is carried out, and the `ack` was all there is to say.
        case done
        case refuse(Refusal)
        /// The connection ends after it.
        case expel(Refusal)
        case ask(StoreOperation)
    }

    let connected: Timestamp
    /// Whose share of the limits its commands count to; `nil` for nobody's.
    let source: SourceID?
    /// What was said since a successful `bind`; `nil` before one.
    var binding: ClientBindingState?
    /// With the store now.
    var request: Request?
    /// Frames that came while a command was with the store.
    var backlog: Deque<(frame: ClientFrame, received: Timestamp)> = []

    /// Whether it may bind.
    var permission: PermissionState

    init(connected: Timestamp, source: SourceID?, permission: PermissionState) {
        self.connected = connected
        self.source = source
        self.permission = permission
    }

    /// The mailbox of an `open` that is with the store now.
    var mailboxBeingOpened: MailboxID? {
        guard case .open(.present(let mailbox)) = request?.message.command else { return nil }
        return mailbox
    }

    /// Judges a command.
    func judge(_ message: ClientMessage, received: Timestamp) -> Verdict {
        switch message.command {
        case .ping(nil): return .refuse(.missingPing)
        case .ping(let value?): return .reply(.pong(value))
        case .bind(let appID, let side, _): return bind(appID, side)
        case .list, .allocate, .claim, .release, .open, .add, .close, .submitPermissions, .unknown:
            return binding?.judge(message, from: source, received: received) ?? .refuse(.mustBindFirst)
        }
    }

    private func bind(_ appID: Field<AppID>, _ side: Field<Side>) -> Verdict {
        guard binding == nil else { return .refuse(.alreadyBound) }
        if case .absent = appID { return .refuse(.missingAppID) }
        if case .absent = side { return .refuse(.missingSide) }
        guard permission.allowsBind else { return .expel(.permissionDenied) }
        guard case .present(let appID) = appID else { return .refuse(.notText("appid", tooLong: appID == .tooLong)) }
        guard case .present(let side) = side else { return .refuse(.notText("side", tooLong: side == .tooLong)) }
        binding = ClientBindingState(appID: appID, side: side)
        return .done
    }

    /// Takes note of the store's answer to the command that was with it.
    ///
    /// - Returns: What is to be said about it; a replay is said by the caller.
    func completed(_ command: ClientCommand, _ outcome: StoreOutcome) -> Verdict {
        switch outcome {
        case .nameplates(let nameplates):
            return .reply(.nameplates(nameplates))
        case .allocated(let nameplate):
            binding?.didAllocate = true
            return .reply(.allocated(nameplate))
        case .claimed(let mailbox):
            binding?.claimedMailbox = mailbox
            return .reply(.claimed(mailbox))
        case .released:
            binding?.didRelease = true
            return .reply(.released)
        case .opened:
            let mailbox = binding?.mailboxID
            binding?.openMailbox = mailbox
            return .done
        case .added:
            return .done
        case .closed:
            binding?.didClose = true
            binding?.openMailbox = nil
            return .reply(.closed)
        case .failed(let failure):
            if case .mailboxGone = failure { binding?.mailboxWentAway() }
            switch (failure, command) {
            case (.tooManyNameplates, .claim), (.unavailable, .claim): binding?.takeBackClaim()
            default: break
            }
            return .refuse(Refusal(failure))
        }
    }
}
