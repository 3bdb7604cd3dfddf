import Observations
import WormholeWire

/// Whether one connection may bind.
///
///     open                                     (nothing is asked)
///     challenged ──a valid stamp, or `none` where it is offered──▶ granted
enum PermissionState: Equatable {
    case open
    /// The resource is this connection's own, and good for one stamp.
    case challenged(bits: Int, resource: String, isRequired: Bool)
    case granted

    /// What is to be done about a `submit-permissions` before `bind`.
    enum Verdict: Equatable {
        case granted(PermissionMethod)
        /// The connection ends after the refusal.
        case refused(Refusal, PermissionMethod)
        /// Nothing was asked for, so that the command does not exist.
        case unknownCommand
    }

    /// Whether a `bind` is taken now.
    var allowsBind: Bool {
        switch self {
        case .open, .granted: true
        case .challenged(_, _, let isRequired): !isRequired
        }
    }

    mutating func submit(method: Field<WireString>, stamp: Field<WireString>) -> Verdict {
        switch self {
        case .open: return .unknownCommand
        case .granted: return .refused(.permissionUsed, .hashcash)
        case .challenged(let bits, let resource, let isRequired):
            switch method {
            case .present("hashcash"):
                guard case .present(let stamp) = stamp,
                    HashcashStamp.isValid(stamp.text, bits: bits, resource: resource)
                else { return .refused(.permissionFailed, .hashcash) }
                self = .granted
                return .granted(.hashcash)
            case .absent where !isRequired, .present("none") where !isRequired:
                self = .granted
                return .granted(.none)
            case .absent, .malformed, .tooLong, .present:
                return .refused(.permissionMethod(isRequired: isRequired), .none)
            }
        }
    }
}
