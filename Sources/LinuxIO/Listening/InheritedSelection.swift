/// Which of the sockets a service manager opened for us is meant.
struct InheritedSelection: Sendable, Equatable {
    /// The address family it must have, in the service manager's words.
    enum Family: String, Sendable {
        case ipv4 = "INET"
        case ipv6 = "INET6"
        case unix = "UNIX"
    }

    enum Key: Sendable, Equatable {
        /// Its place in the list, counting from 0.
        case index(Int)
        /// Its `FileDescriptorName=`; the first of that name.
        case name(String)
    }

    /// `nil`: any.
    let family: Family?
    let key: Key
}
