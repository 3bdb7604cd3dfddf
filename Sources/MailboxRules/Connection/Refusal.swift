import Observations

/// Why a command was not carried out, as the client and the metrics are told.
///
/// Clients match some of the texts literally, so those of the reference server are kept byte for byte.
struct Refusal: Equatable {
    let text: String
    let kind: MailboxErrorKind
    let outcome: CommandOutcome

    private init(_ text: String, _ kind: MailboxErrorKind, _ outcome: CommandOutcome = .clientError) {
        self.text = text
        self.kind = kind
        self.outcome = outcome
    }

    // MARK: Frames

    static let invalidJSON = Refusal("invalid JSON", .badJSON)
    static let notAnObject = Refusal("message must be an object", .badJSON)
    static let missingType = Refusal("missing 'type'", .missingField)
    static let unknownType = Refusal("unknown type", .unknownType)

    // MARK: Missing or misshapen fields

    static let missingPing = Refusal("ping requires 'ping'", .missingField)
    static let missingAppID = Refusal("bind requires 'appid'", .missingField)
    static let missingSide = Refusal("bind requires 'side'", .missingField)
    static let missingNameplate = Refusal("claim requires 'nameplate'", .missingField)
    static let missingMailbox = Refusal("open requires 'mailbox'", .missingField)
    static let missingPhase = Refusal("missing 'phase'", .missingField)
    static let missingBody = Refusal("missing 'body'", .missingField)
    static let badNameplate = Refusal("nameplate must be a string of 1 to 40 digits", .badNameplate)

    /// A field that is no string, or one longer than names may be.
    static func notText(_ field: String, tooLong: Bool) -> Refusal {
        tooLong
            ? Refusal("'\(field)' must be at most 1024 bytes", .tooLarge, .limited)
            : Refusal("'\(field)' must be a string", .other)
    }

    // MARK: Order of commands

    static let mustBindFirst = Refusal("must bind first", .mustBind)
    static let alreadyBound = Refusal("already bound", .alreadyBound)
    static let alreadyAllocated = Refusal("you already allocated one, don't be greedy", .duplicateCommand)
    static let alreadyClaimed = Refusal("only one claim per connection", .duplicateCommand)
    static let alreadyReleased = Refusal("only one release per connection", .duplicateCommand)
    static let releaseOfAnother = Refusal("release and claim must use same nameplate", .badNameplate)
    static let releaseWithoutClaim = Refusal("release without nameplate must follow claim", .missingField)
    static let alreadyOpen = Refusal("only one open per connection", .duplicateCommand)
    static let notOpen = Refusal("must open mailbox before adding", .other)
    static let alreadyClosed = Refusal("only one close per connection", .duplicateCommand)
    static let closeOfAnother = Refusal("open and close must use same mailbox", .other)
    static let closeWithoutOpen = Refusal("close without mailbox must follow open", .missingField)

    // MARK: Limits

    static func tooOften(_ command: MailboxCommand) -> Refusal {
        Refusal("too many '\(command.rawValue)' from this address, try again later", .other, .limited)
    }

    static let tooManyNameplates = Refusal(
        "too many nameplates are held from this address, try again later",
        .other,
        .limited
    )

    // MARK: Permission

    /// Reaches the users of clients that know nothing of permissions.
    static let permissionDenied = Refusal(
        "permission denied: this server currently requires proof of work, please upgrade",
        .permission
    )
    static let permissionFailed = Refusal("submit-permissions failed", .permission)
    static let permissionUsed = Refusal("permission was submitted already", .permission)

    static func permissionMethod(isRequired: Bool) -> Refusal {
        Refusal("'method' is not one of: \(isRequired ? "hashcash" : "none, hashcash")", .permission)
    }

    // MARK: The store

    static let storageFailure = Refusal("server storage failure", .other, .serverError)

    init(_ failure: StoreFailure) {
        switch failure {
        case .crowded: self.init("crowded", .crowded)
        case .reclaimed: self.init("reclaimed", .reclaimed)
        case .mailboxInUse: self.init("mailbox id is in use", .other)
        case .mailboxGone: self = .notOpen
        case .full: self.init("mailbox is full", .tooLarge, .limited)
        case .tooManyNameplates: self = .tooManyNameplates
        case .noFreeNameplate: self.init("unable to find a free nameplate", .other, .serverError)
        case .unavailable: self = .storageFailure
        }
    }
}
