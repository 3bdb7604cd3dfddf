import TestSupport
import Testing

@testable import LinuxIO

@Suite("Endpoint")
struct EndpointTests {
    @Test(
        "a TCP endpoint is read by position and by name",
        arguments: [
            "tcp:4000", "tcp:port=4000", "tcp:4000:interface=", #"tcp:4000:interface=\:\:"#, "tcp6:4000",
            "tcp6:port=4000",
        ]
    )
    func everyAddress(text: String) throws {
        let endpoint = try Endpoint(text)
        #expect(endpoint.target == .tcp(port: 4000, interface: .all, backlog: 1024))
        #expect(endpoint.description == text)
    }

    @Test(
        "an interface is an address in figures or localhost",
        arguments: [
            ("tcp:0:interface=127.0.0.1", "127.0.0.1"), ("tcp:port=0:interface=127.0.0.1", "127.0.0.1"),
            ("tcp:0:interface=0.0.0.0", "0.0.0.0"), ("tcp:0:interface=localhost", "127.0.0.1"),
            (#"tcp:0:interface=\:\:1"#, "::1"), (#"tcp6:0:interface=\:\:1"#, "::1"),
            ("tcp6:0:interface=localhost", "::1"),
        ]
    )
    func oneAddress(text: String, address: String) throws {
        #expect(try Endpoint(text).target == .tcp(port: 0, interface: .address(address), backlog: 1024))
    }

    @Test("a backlog can be given")
    func backlog() throws {
        #expect(try Endpoint("tcp:1:backlog=7").target == .tcp(port: 1, interface: .all, backlog: 7))
        #expect(
            try Endpoint("unix:/a:backlog=7").target
                == .unix(path: "/a", mode: 0o666, backlog: 7, takesOver: true)
        )
    }

    @Test("a Unix endpoint has a path, a mode and a way with stale sockets")
    func unix() throws {
        let plain = Endpoint.Target.unix(path: "/run/x.sock", mode: 0o666, backlog: 1024, takesOver: true)
        #expect(try Endpoint("unix:/run/x.sock").target == plain)
        #expect(try Endpoint("unix:address=/run/x.sock:lockfile=1:mode=666").target == plain)
        #expect(
            try Endpoint("unix:x:mode=0660:lockfile=0").target
                == .unix(path: "x", mode: 0o660, backlog: 1024, takesOver: false)
        )
    }

    @Test("a backslash takes the next character literally, and a value may hold more equal signs")
    func escapes() throws {
        let target = Endpoint.Target.unix(path: #"/tmp/a:b=c\d=e"#, mode: 0o666, backlog: 1024, takesOver: true)
        #expect(try Endpoint(#"unix:/tmp/a\:b\=c\\d\=e"#).target == target)
        #expect(try Endpoint(#"unix:address=/tmp/a\:b=c\\d=e"#).target == target)
    }

    @Test("an inherited socket is named by its name, or by its place")
    func systemd() throws {
        #expect(try Endpoint("systemd:mailbox").target == .inherited(.init(family: nil, key: .name("mailbox"))))
        #expect(try Endpoint("systemd:name=mailbox").target == .inherited(.init(family: nil, key: .name("mailbox"))))
        #expect(try Endpoint("systemd:domain=INET6:index=2").target == .inherited(.init(family: .ipv6, key: .index(2))))
        #expect(try Endpoint("systemd:UNIX:name=a").target == .inherited(.init(family: .unix, key: .name("a"))))
    }

    @Test(
        "any endpoint may be behind a proxy that sends a header",
        arguments: ["tcp:4000", "unix:/a:mode=660", "systemd:m"]
    )
    func haproxy(inner: String) throws {
        let endpoint = try Endpoint("haproxy:" + inner)
        #expect(endpoint.expectsProxyHeader)
        #expect(try endpoint.target == Endpoint(inner).target)
        #expect(try !Endpoint(inner).expectsProxyHeader)
    }

    @Test(
        "what is wrong is named",
        arguments: [
            ("4000", "a number alone is not an endpoint, write tcp:4000"),
            ("", "it must begin with a type, such as tcp:"),
            (":", "it must begin with a type, such as tcp:"),
            ("port=1", "it must begin with a type, such as tcp:"),
            ("udp:1", "unknown type 'udp', use tcp, tcp6, unix, systemd or haproxy"),
            ("tcp", "the port is missing"),
            ("tcp:", "the port is missing"),
            ("tcp:http", "port 'http' is not a number from 0 to 65535"),
            ("tcp:65536", "port '65536' is not a number from 0 to 65535"),
            ("tcp:-1", "port '-1' is not a number from 0 to 65535"),
            ("tcp:+1", "port '+1' is not a number from 0 to 65535"),
            ("tcp:1:colour=red", "tcp endpoints have no argument 'colour'"),
            ("tcp:1:2", #"there is one argument too many, '2' (a colon inside a value is written \:)"#),
            ("tcp:port=1:port=2", "'port' is given twice"),
            ("tcp:1:interface=example.org", "interface 'example.org' is neither an address nor localhost"),
            ("tcp:1:interface=::1", #"there is one argument too many, '' (a colon inside a value is written \:)"#),
            ("tcp6:1:interface=127.0.0.1", "interface '127.0.0.1' is not an IPv6 address"),
            ("tcp:1:backlog=0", "backlog '0' is not a positive number"),
            ("tcp:1:backlog=x", "backlog 'x' is not a positive number"),
            (#"tcp:1\"#, "it ends in a backslash, which escapes the next character"),
            ("unix:", "the path is missing"),
            ("unix:/a:mode=888", "mode '888' is not an octal number from 0 to 777"),
            ("unix:/a:mode=7777", "mode '7777' is not an octal number from 0 to 777"),
            ("unix:/a:lockfile=yes", "lockfile 'yes' is neither 0 nor 1"),
            ("unix:/" + String(repeating: "a", count: 107), "the path is longer than 107 bytes"),
            ("systemd:", "the name of the socket is missing"),
            ("systemd:domain=INET", "the name of the socket is missing"),
            ("systemd:domain=X:index=0", "domain 'X' is none of INET, INET6 and UNIX"),
            ("systemd:domain=INET:index=x", "index 'x' is not a small number"),
            ("systemd:name=a:index=0", "index and name exclude each other"),
            ("ssl:443:privateKey=a.pem", "ssl endpoints are not supported yet"),
            ("tls:/etc/keys", "tls endpoints are not supported yet"),
            ("haproxy:", "it must begin with a type, such as tcp:"),
            ("haproxy:tcp:http", "port 'http' is not a number from 0 to 65535"),
            (
                "haproxy:haproxy:tcp:1",
                "haproxy: is followed by the endpoint to listen on, such as haproxy:tcp:4000"
            ),
        ]
    )
    func refusals(text: String, reason: String) {
        #expect(throws: EndpointError(endpoint: text, reason: reason)) { try Endpoint(text) }
        #expect(EndpointError(endpoint: text, reason: reason).description == "bad endpoint '\(text)': \(reason)")
    }

    @Test("no text can do more than be refused", arguments: 0..<20 as Range<UInt64>)
    func fuzz(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let pieces = [
            "tcp", "tcp6", "unix", "systemd", "haproxy:", ":", ":", "=", "\\", "port", "interface", "::1", "0", "65536",
            "mode",
            "\u{0}", "é", "lockfile", "index", "999999999999999999999", "/tmp/x", " ",
        ]
        for _ in 0..<500 {
            let text = (0..<Int.random(in: 0...8, using: &random)).map { _ in
                pieces[Int.random(in: 0..<pieces.count, using: &random)]
            }.joined()
            do {
                let endpoint = try Endpoint(text)
                #expect(endpoint.description == text)
            } catch {
                #expect(!error.reason.isEmpty && error.endpoint == text, "seed \(seed)")
            }
        }
    }
}
