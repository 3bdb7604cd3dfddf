import Glibc
import TestSupport
import Testing

@testable import LinuxIO

@Suite("ListeningSocket")
struct ListeningSocketTests {
    private let tcp = CInt(IPPROTO_TCP)

    @Test("port 0 becomes a real port, which is also the name")
    func portZero() throws {
        let socket = try ListeningSocket.open(Endpoint("tcp:0:interface=127.0.0.1"))
        let port = try realPort(of: socket)
        #expect(port > 0)
        #expect(socket.name == String(port))
        let path = socket.path
        #expect(path == nil)
    }

    @Test(
        "105: it takes connections over IPv4 and IPv6",
        arguments: ["tcp:0", #"tcp:0:interface=\:\:"#, "tcp6:0", "haproxy:tcp:0"]
    )
    func dualStack(endpoint: String) throws {
        let socket = try ListeningSocket.open(Endpoint(endpoint))
        let port = UInt16(try realPort(of: socket))
        _ = try connect(to: "127.0.0.1", port)
        guard SocketAddressStorage(boundTo: socket.descriptor.number)?.isIPv6 == true else { return }
        _ = try connect(to: "::1", port)
    }

    @Test("105: where an endpoint without an interface is IPv4 alone, it takes no connections over IPv6")
    func onlyIPv4() throws {
        let socket = try ListeningSocket.open(Endpoint("tcp:0", wildcard: .everyIPv4Address))
        let port = UInt16(try realPort(of: socket))
        _ = try connect(to: "127.0.0.2", port)
        #expect(throws: SocketFailure.self) { _ = try connect(to: "::1", port) }
        let both = try Endpoint(#"tcp:0:interface=\:\:"#, wildcard: .everyIPv4Address)
        #expect(both.target == (try Endpoint("tcp:0")).target)
    }

    @Test("105: with an interface it takes connections there only")
    func oneAddress() throws {
        let socket = try ListeningSocket.open(Endpoint("tcp:0:interface=localhost"))
        let port = UInt16(try realPort(of: socket))
        _ = try connect(to: "127.0.0.1", port)
        #expect(throws: SocketFailure.self) { _ = try connect(to: "127.0.0.2", port) }
    }

    @Test("it never blocks, and no child process inherits it")
    func flags() throws {
        let socket = try ListeningSocket.open(Endpoint("tcp:0:interface=127.0.0.1"))
        #expect(fcntl(socket.descriptor.number, F_GETFL) & O_NONBLOCK != 0)
        #expect(fcntl(socket.descriptor.number, F_GETFD) & FD_CLOEXEC != 0)
        #expect(try option(of: socket.descriptor.number, SOL_SOCKET, SO_REUSEADDR) == 1)
    }

    @Test("an accepted connection is probed when idle, sends at once and gives up after 16 minutes")
    func inheritedOptions() throws {
        let socket = try ListeningSocket.open(Endpoint("tcp:0:interface=127.0.0.1"))
        let client = try connect(to: "127.0.0.1", UInt16(realPort(of: socket)))
        let accepted = Descriptor(owning: try check(accept(socket.descriptor.number, nil, nil)))
        #expect(try option(of: accepted.number, SOL_SOCKET, SO_KEEPALIVE) == 1)
        #expect(try option(of: accepted.number, tcp, TCP_KEEPIDLE) == 300)
        #expect(try option(of: accepted.number, tcp, TCP_KEEPINTVL) == 60)
        #expect(try option(of: accepted.number, tcp, TCP_KEEPCNT) == 10)
        #expect(try option(of: accepted.number, tcp, TCP_NODELAY) == 1)
        #expect(try option(of: accepted.number, tcp, TCP_USER_TIMEOUT) == 960_000)
        _ = client
    }

    @Test("what stays on this machine is sent at once; elsewhere the machine's congestion control stays")
    func pacing() throws {
        let local = try ListeningSocket.open(Endpoint("tcp:0:interface=127.0.0.1"))
        let client = try connect(to: "127.0.0.1", UInt16(realPort(of: local)))
        let accepted = Descriptor(owning: try check(accept(local.descriptor.number, nil, nil)))
        let everywhere = try ListeningSocket.open(Endpoint("tcp:0"))
        let standard = try #require(Pacing.congestionControl(of: everywhere.descriptor.number))
        let chosen = try #require(Pacing.congestionControl(of: accepted.number))
        #expect(chosen == (Pacing.isPaced(standard) ? "reno" : standard))
        let untouched = Descriptor(owning: try check(socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)))
        #expect(Pacing.congestionControl(of: untouched.number) == standard)
        _ = client
    }

    @Test("what paces is told by its name")
    func pacingNames() {
        for name in ["bbr", "bbr3"] { #expect(Pacing.isPaced(name)) }
        for name in ["reno", "cubic", ""] { #expect(!Pacing.isPaced(name)) }
    }

    @Test("a port in use is an error that names the endpoint and the reason")
    func portInUse() throws {
        let socket = try ListeningSocket.open(Endpoint("tcp:0:interface=127.0.0.1"))
        let text = "tcp:\(socket.name):interface=127.0.0.1"
        #expect(throws: ListenError(endpoint: text, reason: "address already in use")) {
            _ = try ListeningSocket.open(Endpoint(text))
        }
        #expect(
            ListenError(endpoint: "tcp:4000", reason: "address already in use").description
                == "cannot listen on tcp:4000: address already in use"
        )
    }

    @Test("an address of another host is an error")
    func foreignAddress() {
        let text = "tcp:0:interface=192.0.2.1"
        #expect(throws: ListenError(endpoint: text, reason: "cannot assign requested address")) {
            _ = try ListeningSocket.open(Endpoint(text))
        }
    }

    @Test("a released descriptor stays open")
    func released() throws {
        let socket = try ListeningSocket.open(Endpoint("tcp:0:interface=127.0.0.1"))
        let port = UInt16(try realPort(of: socket))
        let number = socket.release()
        _ = try connect(to: "127.0.0.1", port)
        _ = Descriptor(owning: number)
    }
}

/// The port of a TCP listener.
private func realPort(of socket: borrowing ListeningSocket) throws -> Int {
    let port = socket.port
    return try #require(port)
}

/// A connection to a listener on this host.
func connect(to host: String, _ port: UInt16) throws -> Descriptor {
    try connect(to: #require(SocketAddressStorage(numericHost: host, port: port)))
}

/// A connection to a listener on this host.
func connect(to address: SocketAddressStorage) throws -> Descriptor {
    let descriptor = Descriptor(owning: try check(socket(address.family, CInt(SOCK_STREAM.rawValue), 0)))
    try check(address.withPointer { Glibc.connect(descriptor.number, $0, $1) })
    return descriptor
}
