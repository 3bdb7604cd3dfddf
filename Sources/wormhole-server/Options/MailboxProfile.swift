/// What a mailbox server does about its clients unless it is told otherwise.
///
/// `start` protects itself. `mailbox` takes the place of an original that knew no such limits, perhaps behind a proxy that does not
/// tell its clients apart, and leaves off those that could turn somebody's clients away.
enum MailboxProfile {
    case standard
    case original

    /// The figure of an option that was not given.
    func value(_ given: Int?, or standard: Int) -> Int {
        given ?? (self == .standard ? standard : 0)
    }
}
