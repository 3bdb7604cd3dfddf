internal import LinuxIO

/// Why a self-test has failed, in words for the log.
enum ProbeError: Error, CustomStringConvertible {
    /// A system call failed; among others, the time is over.
    case network(ErrorNumber)
    /// The server said, or did, something else than it should.
    case unexpected(String)

    var description: String {
        switch self {
        case .network(.timedOut): "no answer in time"
        case .network(let error): error.description
        case .unexpected(let what): what
        }
    }
}
