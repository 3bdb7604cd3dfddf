package import Glibc

/// The listening sockets a service manager passed to this process.
///
///     LISTEN_PID=<our pid>  LISTEN_FDS=<count>  LISTEN_FDNAMES=<name>:<name>...     descriptors from 3 upwards
///
/// Source: sd_listen_fds(3).
package struct InheritedSockets: Sendable {
    /// The sockets of this process.
    package static let current = InheritedSockets(environment: environmentVariable, processID: Glibc.getpid())

    let firstDescriptor: CInt
    let count: Int
    let names: [String]

    /// - Parameters:
    ///   - environment: Gives the value of an environment variable.
    ///   - processID: Whom the sockets must be meant for; a parent's left-over variables are not ours.
    ///   - firstDescriptor: Where the sockets begin.
    package init(environment: (String) -> String?, processID: pid_t, firstDescriptor: CInt = 3) {
        self.firstDescriptor = firstDescriptor
        guard environment("LISTEN_PID").flatMap(pid_t.init) == processID,
            let count = environment("LISTEN_FDS").flatMap(Int.init), (1...1024).contains(count)
        else {
            self.count = 0
            names = []
            return
        }
        self.count = count
        names = (environment("LISTEN_FDNAMES") ?? "").split(separator: ":", omittingEmptySubsequences: false)
            .map(String.init)
    }

    /// The descriptor that is meant; `nil` when there is none such. It stays the process's, for it may be asked for again.
    func descriptor(for key: InheritedSelection.Key) -> CInt? {
        switch key {
        case .index(let index):
            return index < count ? firstDescriptor + CInt(index) : nil
        case .name(let name):
            guard let index = names.prefix(count).firstIndex(of: name) else { return nil }
            return firstDescriptor + CInt(index)
        }
    }
}

private func environmentVariable(_ name: String) -> String? {
    Glibc.getenv(name).map { String(cString: $0) }
}
