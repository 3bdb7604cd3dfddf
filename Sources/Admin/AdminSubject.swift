/// What the endpoint shows and changes of the process, beyond what telemetry knows.
///
/// Called from any thread. What takes a service's loop is asynchronous; the endpoint does not wait for it longer than a
/// moment, so that a stuck loop costs an answer and nothing else.
package protocol AdminSubject: Sendable {
    /// The configuration in force, secrets left out.
    func settings() -> [AdminSetting]
    /// The limits in force.
    func limits() -> [AdminLimit]
    /// Puts limits in force: all of them or, when one is refused, none.
    func change(_ limits: AdminLimitChange) async throws(AdminRefusal)
    /// Lets nobody new in, and says so at `/readyz`.
    ///
    /// - Parameter deadline: When those who are in are ended; `nil`: never.
    func drain(within deadline: Duration?) async throws(AdminRefusal)
    /// Lets clients in again.
    func undrain() async throws(AdminRefusal)
    /// Reads the files that options name again.
    ///
    /// - Returns: What was read.
    func reload() async throws(AdminRefusal) -> [String]
    /// Reads the lists of addresses again that may, or may not, come in.
    ///
    /// - Returns: What was read.
    func reloadAccess() async throws(AdminRefusal) -> [String]
    /// Changes what clients of the mailbox server are told from now on.
    func change(_ part: AdminWelcomePart, to text: String?) async throws(AdminRefusal)
    /// Copies the databases.
    ///
    /// - Returns: The paths of the copies.
    func backUp() async throws(AdminRefusal) -> [String]
    /// Changes what is logged.
    ///
    /// - Parameter time: After which the level of the start is in force again.
    func change(logLevel: String, for time: Duration) throws(AdminRefusal)
    /// Every open connection and pair.
    func connections() async throws(AdminRefusal) -> [AdminConnection]
    /// Ends one of them.
    ///
    /// - Returns: Whether it was there.
    func kick(_ id: String) async throws(AdminRefusal) -> Bool
}

/// Something the process was told, when it started or since.
package struct AdminSetting: Equatable, Sendable {
    /// Where a value comes from.
    package enum Origin: String, CaseIterable, Sendable {
        case commandLine = "command line"
        case environment
        case standard = "default"
        /// Kept in the state folder by a change that was to outlive the process.
        case persisted
        /// A change since the start, which ends with the process.
        case changed
    }

    /// The option's name, without dashes in front.
    package let name: String
    package let value: JSONValue
    package let origin: Origin

    package init(_ name: String, _ value: JSONValue, _ origin: Origin) {
        self.name = name
        self.value = value
        self.origin = origin
    }
}

/// What a welcome message may hold.
package enum AdminWelcomePart: Sendable {
    case messageOfTheDay, error, currentVersion
}

/// An open connection, or a pair of them. Nothing in it tells where it comes from or what it exchanges.
package struct AdminConnection: Equatable, Sendable {
    package enum Component: String, CaseIterable, Sendable {
        case mailbox, transit
    }

    /// Never used twice for as long as anybody would remember it.
    package let id: String
    package let component: Component
    package let state: String
    package let age: Duration
    /// Payload so far, both ways together; `nil` where it is not counted by connection.
    package let bytes: UInt64?
    /// The part of it that came from the client; `nil` for a pair, which passes on what comes.
    package let bytesReceived: UInt64?

    package init(
        id: String,
        component: Component,
        state: String,
        age: Duration,
        bytes: UInt64?,
        bytesReceived: UInt64? = nil
    ) {
        self.id = id
        self.component = component
        self.state = state
        self.age = age
        self.bytes = bytes
        self.bytesReceived = bytesReceived
    }
}

/// Why something is not done.
package struct AdminRefusal: Error, Equatable {
    package enum Reason: Sendable {
        /// There is no such thing.
        case unknown
        /// Not in this state of the process.
        case conflict
        /// What was asked for cannot be.
        case unacceptable
        /// It failed, or cannot be had now.
        case unavailable
    }

    package let reason: Reason
    /// One line for the one who asked.
    package let text: String

    package init(_ reason: Reason, _ text: String) {
        self.reason = reason
        self.text = text
    }

    var response: AdminResponse {
        switch reason {
        case .unknown: .text(404, text)
        case .conflict: .text(409, text)
        case .unacceptable: .text(422, text)
        case .unavailable: .text(503, text)
        }
    }
}
