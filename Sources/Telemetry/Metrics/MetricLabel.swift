import Observations
import WormholeWire

/// A label whose values are a closed list: no name a client chose can become one.
protocol MetricLabel: CaseIterable, Equatable, RawRepresentable<String>, Sendable where AllCases == [Self] {
    static var labelName: String { get }
}

extension CaseIterable where Self: Equatable, AllCases == [Self] {
    /// The position in the list of all cases.
    ///
    /// An enum without payloads is held as the number of its case, from 0 in the order of declaration, and in no bytes at
    /// all when there is only one; a test compares every label's cases with their list.
    var ordinal: Int {
        switch MemoryLayout<Self>.size {
        case 0: 0
        case 1: withUnsafeBytes(of: self) { Int($0[0]) }
        default: Self.allCases.firstIndex(of: self) ?? 0
        }
    }
}

// MARK: Labels that observations speak in

extension Component: MetricLabel { static var labelName: String { "component" } }
extension Transport: MetricLabel { static var labelName: String { "transport" } }
extension AddressFamily: MetricLabel { static var labelName: String { "ip_family" } }
extension CloseCause: MetricLabel { static var labelName: String { "cause" } }
extension RejectionReason: MetricLabel { static var labelName: String { "reason" } }
extension AcceptFailure: MetricLabel { static var labelName: String { "error" } }
extension Limit: MetricLabel { static var labelName: String { "limit" } }
extension MailboxCommand: MetricLabel { static var labelName: String { "command" } }
extension CommandOutcome: MetricLabel { static var labelName: String { "outcome" } }
extension MailboxErrorKind: MetricLabel { static var labelName: String { "error" } }
extension NameplateResult: MetricLabel { static var labelName: String { "result" } }
extension MailboxResult: MetricLabel { static var labelName: String { "result" } }
extension PermissionMethod: MetricLabel { static var labelName: String { "method" } }
extension PermissionResult: MetricLabel { static var labelName: String { "result" } }
extension HandshakeForm: MetricLabel { static var labelName: String { "form" } }
extension HandshakeResult: MetricLabel { static var labelName: String { "result" } }
extension TransitMood: MetricLabel { static var labelName: String { "mood" } }
extension TransitPath: MetricLabel { static var labelName: String { "path" } }
extension SessionEndCause: MetricLabel { static var labelName: String { "cause" } }
extension Database: MetricLabel { static var labelName: String { "db" } }
extension DatabaseOperation: MetricLabel { static var labelName: String { "operation" } }
extension DatabaseFailure: MetricLabel { static var labelName: String { "kind" } }
extension MaintenanceTask: MetricLabel { static var labelName: String { "task" } }
extension ReadinessCheck: MetricLabel { static var labelName: String { "component" } }
extension LifecycleState: MetricLabel { static var labelName: String { "state" } }
extension InternalErrorSource: MetricLabel { static var labelName: String { "component" } }
extension InvariantCheck: MetricLabel { static var labelName: String { "check" } }
extension SelfTestProbe: MetricLabel { static var labelName: String { "probe" } }
extension RecordKind: MetricLabel { static var labelName: String { "kind" } }

// MARK: Labels of the metrics alone

/// Whether a piece of work succeeded.
enum TaskResult: String, MetricLabel {
    case success, failure
    static var labelName: String { "result" }
}

/// How many sides a nameplate or a mailbox has: one, two, or more.
enum SideCount: String, MetricLabel {
    case lonely, paired, crowded
    static var labelName: String { "state" }
}

/// What kind of work a mailbox command is, by which its latency is judged.
enum CommandClass: String, MetricLabel {
    /// Changes nothing that is stored.
    case control
    /// Changes nameplates or mailboxes.
    case state
    /// Adds a message.
    case message
    static var labelName: String { "class" }

    init(_ command: MailboxCommand) {
        self =
            switch command {
            case .bind, .list, .ping, .submitPermissions, .unknown: .control
            case .allocate, .claim, .release, .open, .close: .state
            case .add: .message
            }
    }
}

/// The length of a nameplate that was handed out.
enum DigitCount: String, MetricLabel {
    case one = "1"
    case two = "2"
    case three = "3"
    case more = "4_or_more"
    static var labelName: String { "digits" }

    init(_ digits: Int) {
        self =
            switch digits {
            case ...1: .one
            case 2: .two
            case 3: .three
            default: .more
            }
    }
}

/// The lengths of which there are few numbers.
enum ShortLength: String, MetricLabel {
    case one = "1"
    case two = "2"
    case three = "3"
    static var labelName: String { "digits" }
}

/// A table that a limit is kept with.
enum LimitTable: String, MetricLabel {
    /// Client networks that came, or asked for something, of late.
    case source
    /// Tokens that connections of the relay wait with.
    case token
    static var labelName: String { "table" }
}

/// How important a line of the log is.
package enum LogLevel: String, MetricLabel {
    case debug, info, warning, error
    static var labelName: String { "level" }
}

/// Applications by allow-list; all that is not on it is `other`.
enum ApplicationLabel: String, MetricLabel {
    case fileTransfer = "file-transfer"
    case other
    static var labelName: String { "app" }

    init(_ application: AppID) {
        self = application.string == "lothar.com/wormhole/text-or-file-xfer" ? .fileTransfer : .other
    }
}

/// Client programs by what they call themselves.
enum ClientImplementation: String, MetricLabel {
    case python, rust
    case goWilliam = "go-william"
    case other
    /// The client did not say.
    case unnamed = "none"
    static var labelName: String { "implementation" }

    init(_ name: String?) {
        // By its bytes: what clients send can be slow to compare as text.
        self =
            switch name?.utf8 {
            case nil: .unnamed
            case let name? where name.elementsEqual("python".utf8): .python
            case let name? where name.elementsEqual("rust".utf8): .rust
            case let name? where name.starts(with: "go-william".utf8): .goWilliam
            case .some: .other
            }
    }
}

/// Which way a mailbox message went.
enum MessageDirection: String, MetricLabel {
    case received, delivered
    static var labelName: String { "direction" }
}

/// A rate that pairs wait for.
enum Throttling: String, MetricLabel {
    case session = "session_rate"
    case global = "global_rate"
    static var labelName: String { "limit" }

    /// - Returns: `nil` for a limit that is no rate of pairs.
    init?(_ limit: Limit) {
        if limit == .transitSessionRate {
            self = .session
        } else if limit == .transitGlobalRate {
            self = .global
        } else {
            return nil
        }
    }
}

/// What a rate is for.
enum RateScope: String, MetricLabel {
    case session, global
    static var labelName: String { "scope" }
}

/// What expiry removed.
enum PrunedKind: String, MetricLabel {
    case nameplate, mailbox, message
    static var labelName: String { "kind" }
}

/// Whether a mailbox was made for a nameplate.
enum ForNameplate: String, MetricLabel {
    case yes = "true"
    case no = "false"
    static var labelName: String { "for_nameplate" }
}

/// Where usage records go.
enum RecordSink: String, MetricLabel {
    case database = "db"
    case logDescriptor = "log_fd"
    static var labelName: String { "sink" }
}

/// What became of a usage record.
enum RecordResult: String, MetricLabel {
    case written, dropped
    static var labelName: String { "result" }
}

/// One of the files of a database.
enum DatabaseFile: String, MetricLabel {
    case main, wal
    static var labelName: String { "file" }
}

/// The admin endpoint's paths, as far as they are told apart.
package enum AdminPath: String, MetricLabel {
    case metrics, healthz, readyz, status, usage, debug, control, other
    static var labelName: String { "path" }
}

/// Changes that can be asked of the admin endpoint.
package enum AdminAction: String, MetricLabel {
    case drain, undrain, reload
    case setLimits = "set_limits"
    case setMessageOfTheDay = "set_motd"
    case setErrorSignal = "set_signal_error"
    case setAdvertisedVersion = "set_advertise_version"
    case setLogLevel = "set_log_level"
    case kick, backup
    static var labelName: String { "action" }
}

/// The classes of HTTP answers.
package enum StatusClass: String, MetricLabel {
    case success = "2xx"
    case clientError = "4xx"
    case serverError = "5xx"
    static var labelName: String { "code" }

    package init(status: Int) {
        self =
            switch status {
            case ..<400: .success
            case ..<500: .clientError
            default: .serverError
            }
    }
}
