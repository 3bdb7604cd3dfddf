internal import Glibc

/// The process's limit of open files, which bounds how many clients it can hold.
///
/// Enough is left alone. Otherwise the hard limit, 10000, 3200 and 1024 are tried in this order until one is accepted;
/// failure is not fatal. Source: setrlimit(2), and the start of the original servers.
struct OpenFileLimit: Equatable {
    /// What a service needs without being asked twice.
    static let enough: rlim_t = 10_000

    /// The soft limit found.
    let before: rlim_t
    /// The soft limit now.
    let after: rlim_t

    /// Raises the soft limit of this process.
    static func raise() -> OpenFileLimit? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        return raise(soft: limit.rlim_cur, hard: limit.rlim_max) { value in
            var wanted = rlimit(rlim_cur: value, rlim_max: limit.rlim_max)
            return setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &wanted) == 0
        }
    }

    /// The same with the limits and the way to set them passed in.
    static func raise(soft: rlim_t, hard: rlim_t, set: (rlim_t) -> Bool) -> OpenFileLimit {
        guard soft < enough else { return OpenFileLimit(before: soft, after: soft) }
        for candidate in [hard, enough, 3200, 1024] where candidate > soft && candidate <= hard && set(candidate) {
            return OpenFileLimit(before: soft, after: candidate)
        }
        return OpenFileLimit(before: soft, after: soft)
    }

    /// The start-up line.
    var summary: String {
        if after > before { return "limit of open files raised from \(before) to \(after)" }
        if before < Self.enough { return "limit of open files is \(before), which could not be raised" }
        return "limit of open files is \(before)"
    }
}
