internal import Glibc

/// How many descriptors this process may have.
package enum DescriptorLimit {
    /// The soft limit; `nil` when there is none, or the kernel cannot say. The system call is getrlimit(2).
    package static var current: Int? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        else { return nil }
        // No limit is the largest number there is.
        return limit.rlim_cur == .max ? nil : Int(clamping: limit.rlim_cur)
    }
}
