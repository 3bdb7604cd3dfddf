import NIOWebSocket
import TestSupport
import Testing

@testable import WebSocketServer

/// The breadth of a well-known public test suite for WebSocket implementations, by its groups, against an echo.
@Suite("An echo on the pipeline of both services")
struct ConformanceTests {
    typealias Frame = WebSocketTestFrame

    /// How the client's bytes reach the server.
    enum Chopping: Sendable, CaseIterable {
        case whole
        case frames
        case bytes
    }

    /// What a client sends and what it gets back: frames, and the code of the Close that ends the connection.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let sent: [Frame]
        /// Echoes and Pongs, in order.
        var answers: [Frame] = []
        /// `nil` stands for a client that closes with 1000 behind it all.
        var code: UInt16?

        var testDescription: String { name }
    }

    static func server(_ opcode: UInt8, _ payload: some Sequence<UInt8>) -> Frame {
        Frame(opcode: opcode, payload: payload, mask: nil)
    }
    static func echoed(_ text: String) -> Frame { server(1, text.utf8) }

    /// Plays a case to the end of the connection.
    static func play(_ example: Case, _ chopping: Chopping) async throws {
        try await EchoServer.run { server in
            let client = try await WebSocketTestClient.connect(port: server.port)
            let frames = example.sent + (example.code == nil ? [.close(1000)] : [])
            do {
                switch chopping {
                case .whole: try await client.send(raw: frames.flatMap(\.bytes))
                case .frames: for frame in frames { try await client.send(frame) }
                case .bytes: for byte in frames.flatMap(\.bytes) { try await client.send(raw: [byte]) }
                }
            } catch let error as WebSocketTestError where example.code != nil {
                // The server need not read on once it has said why it ends the connection.
                guard error.code == .system(32) || error.code == .system(104) else { throw error }
            }
            let remainder = try await client.remainder()
            #expect(remainder.ending == .orderly)
            #expect(remainder.tail == [])
            #expect(remainder.frames.dropLast() == example.answers[...])
            #expect(remainder.frames.last == Frame(opcode: 8, payload: close(example.code ?? 1000), mask: nil))
            let cause: WebSocketCloseCause =
                switch example.code {
                case nil: .clientClose(.normalClosure)
                case 1009: .messageTooBig
                case 1007: .protocolError(.dataInconsistentWithMessage)
                default: .protocolError(.protocolError)
                }
            try await eventually("client told") { server.log.closed == [cause] }
        }
    }

    private static func close(_ code: UInt16) -> [UInt8] { [UInt8(code >> 8), UInt8(code & 0xFF)] }

    // MARK: Framing, pings, reserved bits, opcodes, fragmentation

    static let framing: [Case] =
        [0, 1, 125, 126, 127, 128, 65535, 65536].flatMap { size in
            [
                Case(
                    name: "a text of \(size) bytes",
                    sent: [.text(bytes: [UInt8](repeating: 0x2A, count: size))],
                    answers: [server(1, [UInt8](repeating: 0x2A, count: size))]
                ),
                Case(
                    name: "a binary of \(size) bytes",
                    sent: [.binary([UInt8](repeating: 0xFE, count: size))],
                    answers: [server(2, [UInt8](repeating: 0xFE, count: size))]
                ),
            ]
        }

    static let pings: [Case] = [
        Case(name: "Ping without payload", sent: [.ping()], answers: [server(10, [])]),
        Case(name: "Ping with text", sent: [.ping("hello".utf8)], answers: [server(10, "hello".utf8)]),
        Case(
            name: "Ping with bytes",
            sent: [.ping([0, 0xFF, 0xFE, 0xFD])],
            answers: [server(10, [0, 0xFF, 0xFE, 0xFD])]
        ),
        Case(
            name: "Ping of 125 bytes",
            sent: [.ping([UInt8](repeating: 0xFE, count: 125))],
            answers: [server(10, [UInt8](repeating: 0xFE, count: 125))]
        ),
        Case(name: "Ping of 126 bytes", sent: [.ping([UInt8](repeating: 0xFE, count: 126))], code: 1002),
        Case(name: "Pong nobody asked for", sent: [.pong()]),
        Case(name: "Pong with payload nobody asked for", sent: [.pong("why".utf8)]),
        Case(name: "Pong, then Ping", sent: [.pong("why".utf8), .ping("x".utf8)], answers: [server(10, "x".utf8)]),
        Case(
            name: "ten Pings",
            sent: (0..<10).map { .ping("payload \($0)".utf8) },
            answers: (0..<10).map { server(10, "payload \($0)".utf8) }
        ),
    ]

    static let reserved: [Case] =
        (1...7 as ClosedRange<UInt8>).flatMap { bits in
            [
                Case(
                    name: "text with RSV \(bits)",
                    sent: [Frame(opcode: 1, payload: "x".utf8, reserved: bits)],
                    code: 1002
                ),
                Case(
                    name: "text, then text with RSV \(bits)",
                    sent: [.text("first"), Frame(opcode: 1, payload: "x".utf8, reserved: bits), .ping()],
                    answers: [echoed("first")],
                    code: 1002
                ),
                Case(name: "Ping with RSV \(bits)", sent: [Frame(opcode: 9, payload: [], reserved: bits)], code: 1002),
                Case(name: "Close with RSV \(bits)", sent: [Frame(opcode: 8, payload: [], reserved: bits)], code: 1002),
            ]
        }
        + ([3, 4, 5, 6, 7, 11, 12, 13, 14, 15] as [UInt8]).flatMap { opcode in
            [
                Case(name: "opcode \(opcode)", sent: [Frame(opcode: opcode, payload: [])], code: 1002),
                Case(
                    name: "text, then opcode \(opcode)",
                    sent: [.text("first"), Frame(opcode: opcode, payload: "x".utf8), .ping()],
                    answers: [echoed("first")],
                    code: 1002
                ),
            ]
        }

    static let fragmentation: [Case] = [
        Case(
            name: "a Ping in two",
            sent: [Frame(opcode: 9, payload: "a".utf8, isFinal: false), .continuation("b".utf8)],
            code: 1002
        ),
        Case(
            name: "a Pong in two",
            sent: [Frame(opcode: 10, payload: "a".utf8, isFinal: false), .continuation("b".utf8)],
            code: 1002
        ),
        Case(
            name: "a Close in two",
            sent: [Frame(opcode: 8, payload: [3], isFinal: false), .continuation([0xE8])],
            code: 1002
        ),
        Case(
            name: "a text in two",
            sent: [.text("a", isFinal: false), .continuation("b".utf8)],
            answers: [echoed("ab")]
        ),
        Case(
            name: "a text in two with a Ping between",
            sent: [.text("a", isFinal: false), .ping("p".utf8), .continuation("b".utf8)],
            answers: [server(10, "p".utf8), echoed("ab")]
        ),
        Case(
            name: "a text in five with Pings between",
            sent: [
                .text("a", isFinal: false), .continuation("b".utf8, isFinal: false), .ping("1".utf8),
                .continuation("c".utf8, isFinal: false), .continuation([], isFinal: false), .ping("2".utf8), .pong(),
                .continuation("d".utf8),
            ],
            answers: [server(10, "1".utf8), server(10, "2".utf8), echoed("abcd")]
        ),
        Case(name: "a continuation of nothing", sent: [.continuation("x".utf8), .text("y")], code: 1002),
        Case(
            name: "an unfinished continuation of nothing",
            sent: [.continuation("x".utf8, isFinal: false)],
            code: 1002
        ),
        Case(
            name: "a continuation behind a whole message",
            sent: [.text("a"), .continuation("b".utf8)],
            answers: [echoed("a")],
            code: 1002
        ),
        Case(name: "a text within a text", sent: [.text("a", isFinal: false), .text("b")], code: 1002),
        Case(name: "a binary within a text", sent: [.text("a", isFinal: false), .binary([1])], code: 1002),
        Case(name: "an unmasked text", sent: [Frame(opcode: 1, payload: "x".utf8, mask: nil)], code: 1002),
        Case(name: "empty fragments", sent: [.text("", isFinal: false), .continuation([])], answers: [echoed("")]),
    ]

    @Test("gets framing right", arguments: Self.framing)
    func framingIsRight(_ example: Case) async throws {
        for chopping in [.whole, .frames] as [Chopping] { try await Self.play(example, chopping) }
    }

    @Test(
        "gets pings, reserved bits, opcodes and fragmentation right",
        arguments: Self.pings + Self.reserved + Self.fragmentation
    )
    func rulesAreKept(_ example: Case) async throws {
        for chopping in Chopping.allCases { try await Self.play(example, chopping) }
    }

    // MARK: Close handling

    static let closing: [Case] =
        ([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999] as [UInt16])
        .map { Case(name: "Close \($0)", sent: [.close($0)], code: 0) }
        + ([0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535] as [UInt16])
        .map { Case(name: "Close \($0)", sent: [.close($0)], code: 1002) }
        + [
            Case(name: "Close of no bytes", sent: [.close(nil)], code: 0),
            Case(name: "Close of one byte", sent: [Frame(opcode: 8, payload: [3])], code: 1002),
            Case(name: "Close with a reason", sent: [.close(1000, reason: "bye, größe".utf8)], code: 0),
            Case(
                name: "Close with 123 bytes of reason",
                sent: [.close(1000, reason: [UInt8](repeating: 0x2A, count: 123))],
                code: 0
            ),
            Case(
                name: "Close with 124 bytes of reason",
                sent: [.close(1000, reason: [UInt8](repeating: 0x2A, count: 124))],
                code: 1002
            ),
            Case(
                name: "Close with a reason that is not UTF-8",
                sent: [.close(1000, reason: [0xCE, 0xBA, 0xE1, 0xBD, 0xED, 0xA0, 0x80])],
                code: 1007
            ),
            Case(name: "text, then Close", sent: [.text("last"), .close(1000)], answers: [echoed("last")], code: 0),
            Case(name: "Close twice", sent: [.close(1000), .close(1000)], code: 0),
            Case(name: "Close, then Ping and text", sent: [.close(1000), .ping("late".utf8), .text("late")], code: 0),
            Case(
                name: "Close amid a message",
                sent: [.text("never", isFinal: false), .close(1000), .continuation("finished".utf8)],
                code: 0
            ),
            Case(
                name: "Close, then 256 KiB",
                sent: [.close(1000), .text(bytes: [UInt8](repeating: 0x2A, count: 256 << 10))],
                code: 0
            ),
        ]

    @Test("gets Close right", arguments: Self.closing)
    func closeIsRight(_ example: Case) async throws {
        for chopping in [.whole, .frames] as [Chopping] {
            try await EchoServer.run { server in
                let client = try await WebSocketTestClient.connect(port: server.port)
                switch chopping {
                case .whole: try await client.send(raw: example.sent.flatMap(\.bytes))
                case .frames, .bytes: for frame in example.sent { try await client.send(frame) }
                }
                // A client that got its Close answered need not wait, but one that does gets FIN, not RST.
                let remainder = try await client.remainder()
                #expect(remainder.ending == .orderly)
                let code = example.code == 0 ? 1000 : example.code
                #expect(
                    remainder.frames == example.answers + [Frame(opcode: 8, payload: Self.close(code ?? 0), mask: nil)]
                )
                try await eventually("client told") { server.log.closed.count == 1 }
            }
        }
    }
}
