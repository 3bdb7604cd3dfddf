import Glibc
import Testing

@testable import LinuxIO

@Suite("Sockets of a service manager")
struct InheritedSocketTests {
    /// What a service manager would have left: sockets in a row, and the variables that describe them.
    private func pass(
        _ variables: [String: String],
        first: CInt,
        processID: pid_t = getpid()
    ) -> InheritedSockets {
        InheritedSockets(environment: { variables[$0] }, processID: processID, firstDescriptor: first)
    }

    private func variables(count: Int = 1, names: String = "mailbox", processID: pid_t = getpid()) -> [String: String] {
        ["LISTEN_PID": "\(processID)", "LISTEN_FDS": "\(count)", "LISTEN_FDNAMES": names]
    }

    @Test(
        "is found by name, by place and by family",
        arguments: ["systemd:mailbox", "systemd:domain=INET:index=0", "systemd:domain=INET:name=mailbox"]
    )
    func found(text: String) throws {
        let original = try ListeningSocket.open(Endpoint("tcp:0:interface=127.0.0.1"))
        let sockets = pass(variables(), first: original.descriptor.number)
        let socket = try ListeningSocket.open(Endpoint(text), inherited: sockets)
        #expect(socket.port == original.port)
        #expect(socket.descriptor.number != original.descriptor.number)
        #expect(fcntl(socket.descriptor.number, F_GETFL) & O_NONBLOCK != 0)
        #expect(fcntl(socket.descriptor.number, F_GETFD) & FD_CLOEXEC != 0)
    }

    @Test("is refused when it is not there, or of the wrong family")
    func missing() throws {
        let original = try ListeningSocket.open(Endpoint("tcp:0:interface=127.0.0.1"))
        let first = original.descriptor.number
        let here = pass(variables(), first: first)
        let cases: [(String, InheritedSockets, String)] = [
            ("systemd:other", here, "the service manager passed no such socket"),
            ("systemd:domain=INET:index=1", here, "the service manager passed no such socket"),
            ("systemd:domain=UNIX:index=0", here, "the inherited socket is not of the family UNIX"),
            ("systemd:mailbox", pass([:], first: first), "the service manager passed no such socket"),
            (
                "systemd:mailbox", pass(variables(processID: getpid() + 1), first: first),
                "the service manager passed no such socket"
            ),
            (
                "systemd:mailbox", pass(variables(count: -1), first: first),
                "the service manager passed no such socket"
            ),
        ]
        for (text, sockets, reason) in cases {
            #expect(throws: ListenError(endpoint: text, reason: reason)) {
                _ = try ListeningSocket.open(Endpoint(text), inherited: sockets)
            }
        }
    }

    @Test("is refused when it does not listen")
    func notListening() throws {
        let other = Descriptor(owning: try check(socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)))
        let sockets = pass(variables(), first: other.number)
        let reason = "the inherited socket is not a listening stream socket"
        #expect(throws: ListenError(endpoint: "systemd:mailbox", reason: reason)) {
            _ = try ListeningSocket.open(Endpoint("systemd:mailbox"), inherited: sockets)
        }
    }
}
