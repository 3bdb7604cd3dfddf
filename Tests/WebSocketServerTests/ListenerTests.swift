import Glibc
import NIOCore
import NIOWebSocket
import TestSupport
import Testing

@testable import WebSocketServer

@Suite("The listener")
struct ListenerTests {
    @Test("serves a Unix socket, whose clients have no address")
    func unixSocket() async throws {
        let path = "/tmp/ws-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        let descriptor = try WebSocketTestListener.unix(path: path)
        defer { unlink(path) }
        try await EchoServer.run(socket: descriptor) { server in
            let client = try await WebSocketTestClient.upgrade(WebSocketTestSocket.connect(path: path))
            try await client.send(text: "hello")
            #expect(try await client.nextText() == "hello")
            #expect(server.log.requests.map(\.hasPeer) == [false])
            try await server.onLoop { connections in
                #expect(connections[0].peer == nil)
                connections[0].send(ByteBuffer(repeating: 0, count: 1 << 20), as: .binary)
                connections[0].close(code: .goingAway)
            }
            #expect(try await client.nextBinary().count == 1 << 20)
            #expect(try await client.close().closeCode == 1001)
        }
    }

    @Test("closes connections beyond the bound of unfinished requests, and no upgraded one counts")
    func unfinished() async throws {
        try await EchoServer.run(configure: { $0.maximumUnfinishedUpgrades = 3 }) { server in
            var upgraded: [WebSocketTestClient] = []
            for _ in 0..<5 { upgraded.append(try await WebSocketTestClient.connect(port: server.port)) }
            var silent: [WebSocketTestSocket] = []
            for _ in 0..<3 { silent.append(try WebSocketTestSocket.connect(port: server.port)) }
            let refused = try WebSocketTestSocket.connect(port: server.port)
            #expect(try await refused.receiveToEnd().bytes == [])
            try await eventually("told") { server.log.rejected == [.tooManyUnfinished] }
            try await silent[0].send(WebSocketTestClient.request())
            _ = try await silent[0].receive(through: "\r\n\r\n")
            upgraded.append(try await WebSocketTestClient.connect(port: server.port))
            for client in upgraded {
                try await client.send(text: "x")
                #expect(try await client.nextText() == "x")
            }
        }
    }

    @Test("stops accepting and leaves connections alone")
    func stops() async throws {
        try await EchoServer.run { server in
            let client = try await WebSocketTestClient.connect(port: server.port)
            try await server.listener.stopAccepting().get()
            try await server.listener.stopAccepting().get()
            #expect(throws: WebSocketTestError.self) { try WebSocketTestSocket.connect(port: server.port) }
            try await client.send(text: "x")
            #expect(try await client.nextText() == "x")
            #expect(try await client.close().closeCode == 1000)
            try await server.listener.connectionsClosed().get()
        }
    }

    @Test("serves three hundred clients that come at once")
    func crowd() async throws {
        try await EchoServer.run { server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<300 {
                    group.addTask {
                        let client = try await WebSocketTestClient.connect(port: server.port)
                        try await client.send(text: "client \(index)")
                        #expect(try await client.nextText() == "client \(index)")
                        _ = try await client.close()
                    }
                }
                try await group.waitForAll()
            }
            try await eventually("all told") { server.log.closed.count == 300 }
        }
    }

    @Test("out of descriptors it reports, rests, keeps its connections, and accepts again when there are some")
    func outOfDescriptors() async throws {
        await #expect(processExitsWith: .success) {
            try await EchoServer.run { server in
                let client = try await WebSocketTestClient.connect(port: server.port)
                try await client.send(text: "still served")
                let failures = try Self.exhaustDescriptors(of: server)
                precondition(Set(failures) == [EMFILE], "\(failures)")
                let echo = try await client.nextText()
                precondition(echo == "still served")
                let newcomer = try await WebSocketTestClient.connect(port: server.port)
                try await newcomer.send(text: "late")
                let late = try await newcomer.nextText()
                precondition(late == "late")
            }
        }
    }

    /// Takes all descriptors from the process, with clients waiting, until accepting has failed a few times, and gives them back.
    ///
    /// Blocks, so that nothing else of the process, least of all the concurrency runtime, wants a descriptor meanwhile.
    private static func exhaustDescriptors(of server: EchoServer) throws -> [CInt] {
        // They have their descriptors before there are none, and so none is left for their ends at the server.
        let clients = (0..<3).map { _ in socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0) }
        defer { for client in clients { close(client) } }
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let generous = limit
        let firstFree = dup(0)
        close(firstFree)
        limit.rlim_cur = rlim_t(firstFree)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        defer {
            limit = generous
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(server.port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        for client in clients {
            let result = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            precondition(result == 0, "connect: \(errno)")
        }
        var start: ContinuousClock.Instant?
        let deadline = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < deadline {
            let count = server.log.acceptFailures.count
            if count > 0, start == nil { start = .now }
            // Five more take five rests of 100 ms; a loop that spins has them at once.
            if count >= 6, let start {
                precondition(ContinuousClock.now - start > .milliseconds(300), "spins")
                return server.log.acceptFailures
            }
            usleep(1000)
        }
        throw WebSocketTestError(.deadline, "accepting fails and fails again")
    }
}
