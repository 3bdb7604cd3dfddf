import Glibc

// The closed lists that observations speak in. Raw values are the label values of the metrics, so that a label can
// never carry anything else.

/// One of the two services.
package enum Component: String, CaseIterable, Sendable {
    case mailbox, transit
}

/// How bytes reach us.
package enum Transport: String, CaseIterable, Sendable {
    case tcp
    case webSocket = "ws"
}

/// The address family of a client; `unix` for the peers of a Unix-domain listener.
package enum AddressFamily: String, CaseIterable, Sendable {
    case ipv4, ipv6, unix
}

/// What a connection is counted as, from its accept to its end.
package struct ConnectionKind: Hashable, Sendable {
    package let component: Component
    package let transport: Transport
    package let family: AddressFamily

    package init(component: Component, transport: Transport, family: AddressFamily) {
        self.component = component
        self.transport = transport
        self.family = family
    }

    /// Every kind, the impossible ones included, in the order of ``ordinal``.
    package static let allCases = Component.allCases.flatMap { component in
        Transport.allCases.flatMap { transport in
            AddressFamily.allCases.map { Self(component: component, transport: transport, family: $0) }
        }
    }

    /// Its place among ``allCases``.
    var ordinal: Int {
        let component = component == .mailbox ? 0 : 1
        let transport = transport == .tcp ? 0 : 1
        let family =
            switch family {
            case .ipv4: 0
            case .ipv6: 1
            case .unix: 2
            }
        return (component * 2 + transport) * 3 + family
    }
}

/// Why a connection ended.
package enum CloseCause: String, CaseIterable, Sendable {
    case clientClose = "client_close"
    /// The partner of a relayed pair left.
    case peerClose = "peer_close"
    case protocolError = "protocol_error"
    case handshakeTimeout = "handshake_timeout"
    case bindTimeout = "bind_timeout"
    case idleTimeout = "idle_timeout"
    case pingTimeout = "ping_timeout"
    case slowConsumer = "slow_consumer"
    case limit
    case quota
    case drain
    case ioError = "io_error"
    case serverError = "server_error"
}

/// Why a connection was not let in.
package enum RejectionReason: String, CaseIterable, Sendable {
    case globalLimit = "global_limit"
    case sourceLimit = "source_limit"
    case sourceRate = "source_rate"
    case acceptRate = "accept_rate"
    case descriptorReserve = "fd_reserve"
    case deniedSource = "denied_source"
    case penalty
    case draining
    case tlsHandshake = "tls_handshake"
    case badUpgrade = "bad_upgrade"
    case backendDown = "backend_down"
}

/// What `accept(2)` said.
package enum AcceptFailure: String, CaseIterable, Sendable {
    case processDescriptors = "emfile"
    case systemDescriptors = "enfile"
    case aborted = "econnaborted"
    case other

    /// - Parameter errorNumber: The value of `errno`.
    package init(errorNumber: CInt) {
        switch errorNumber {
        case EMFILE: self = .processDescriptors
        case ENFILE: self = .systemDescriptors
        case ECONNABORTED: self = .aborted
        default: self = .other
        }
    }
}

/// The limits whose hits are counted.
package enum Limit: String, CaseIterable, Sendable {
    case mailboxMessageSize = "mailbox_message_size"
    case mailboxCommandRate = "mailbox_command_rate"
    case mailboxStore = "mailbox_store"
    case mailboxAllocateRate = "mailbox_allocate_rate"
    case mailboxClaimRate = "mailbox_claim_rate"
    case mailboxListRate = "mailbox_list_rate"
    case mailboxNameplatesHeld = "mailbox_nameplates_held"
    case mailboxOutstanding = "mailbox_outstanding"
    case mailboxBindTimeout = "mailbox_bind_timeout"
    case transitHandshakeTimeout = "transit_handshake_timeout"
    case transitWaitTimeout = "transit_wait_timeout"
    case transitWaitingPerSource = "transit_waiting_per_source"
    case transitIdle = "transit_idle"
    case transitSessionRate = "transit_session_rate"
    case transitGlobalRate = "transit_global_rate"
    case transitQuota = "transit_quota"
}

/// The commands of the mailbox protocol.
package enum MailboxCommand: String, CaseIterable, Sendable {
    case bind, list, allocate, claim, release, open, add, close, ping
    case submitPermissions = "submit_permissions"
    /// Anything else, frames that are no command among them.
    case unknown
}

/// How a command went.
package enum CommandOutcome: String, CaseIterable, Sendable {
    case ok
    case clientError = "client_error"
    case limited
    case serverError = "server_error"
}

/// The kinds of `error` replies.
package enum MailboxErrorKind: String, CaseIterable, Sendable {
    case crowded, reclaimed
    case mustBind = "must_bind"
    case alreadyBound = "already_bound"
    case missingField = "missing_field"
    case badNameplate = "bad_nameplate"
    case badJSON = "bad_json"
    case unknownType = "unknown_type"
    case duplicateCommand = "duplicate_command"
    case tooLarge = "too_large"
    case permission
    case other
}

/// How a client can get permission to bind.
package enum PermissionMethod: String, CaseIterable, Sendable {
    case none, hashcash
}

/// What became of a demand for permission.
package enum PermissionResult: String, CaseIterable, Sendable {
    /// The client was told of it.
    case issued
    case passed
    case failed
    /// The client tried to bind without.
    case absent
}

/// The shape of a relay handshake.
package enum HandshakeForm: String, CaseIterable, Sendable {
    /// Without a side.
    case legacy
    case sided
    case invalid
}

/// What became of a relay handshake.
package enum HandshakeResult: String, CaseIterable, Sendable {
    case ok
    case badLine = "bad_line"
    case tooLong = "too_long"
    case earlyData = "early_data"
    case timeout
}

/// Which transports a pair joins.
package enum TransitPath: String, CaseIterable, Sendable {
    case tcpToTCP = "tcp_tcp"
    case tcpToWebSocket = "tcp_ws"
    case webSocketToWebSocket = "ws_ws"
}

/// Why a pair ended.
package enum SessionEndCause: String, CaseIterable, Sendable {
    case clientClose = "client_close"
    case idleTimeout = "idle_timeout"
    case maximumDuration = "max_duration"
    case maximumBytes = "max_bytes"
    case quota
    case drain
    case ioError = "io_error"
    case serverError = "server_error"
}

/// One of the two databases.
package enum Database: String, CaseIterable, Sendable {
    case channel, usage
}

/// The direction of a database call.
package enum DatabaseOperation: String, CaseIterable, Sendable {
    case read, write
}

/// What SQLite said.
package enum DatabaseFailure: String, CaseIterable, Sendable {
    case busy, full, corrupt, io, constraint, other
}

/// The tasks that run by the clock.
package enum MaintenanceTask: String, CaseIterable, Sendable {
    case prune
    /// The refresh of the usage database's `current` row.
    case stats
    case retention, checkpoint
    case addressRotation = "addr_rotate"
    case consistency, backup
}

/// The checks behind `/readyz`.
package enum ReadinessCheck: String, CaseIterable, Sendable {
    case mailbox, transit
    case channelDatabase = "channel_db"
    case usageDatabase = "usage_db"
    case logDescriptor = "log_fd"
}

/// The life of the process.
package enum LifecycleState: String, CaseIterable, Sendable {
    case starting, ready, draining, stopping
}

/// Where an internal error was caught.
package enum InternalErrorSource: String, CaseIterable, Sendable {
    case mailbox, transit, admin, usage
}

/// What is checked in the background: that the state of the services agrees with itself.
package enum InvariantCheck: String, CaseIterable, Sendable {
    /// A nameplate points to a mailbox that knows it, and the other way round.
    case nameplateMailbox = "nameplate_mailbox"
    /// The sides of nameplates and mailboxes are as many as there may be, and one at least still wants it.
    case mailboxSides = "mailbox_sides"
    /// Who listens to a mailbox is connected and has it open.
    case listenerReferences = "listener_refs"
    /// Connections of the relay wait, are paired, or leave, and pairs that end are watched.
    case transitPairs = "transit_pairs"
    /// What is counted as things come and go agrees with what is there.
    case counterGauge = "counter_gauge"
}

/// What the server tests of itself.
package enum SelfTestProbe: String, CaseIterable, Sendable {
    case mailbox, transit
}
