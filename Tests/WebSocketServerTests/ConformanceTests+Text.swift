import TestSupport
import Testing

@testable import WebSocketServer

extension ConformanceTests {
    /// Text that is UTF-8, as bytes.
    static let valid: [(name: String, bytes: [UInt8])] = [
        ("Greek", Array("κόσμε".utf8)),
        ("several scripts", Array("Hello-µ@ßöäüàá-UTF-8!! мир 世界".utf8)),
        ("the first of one byte", [0x00]),
        ("the first of two", [0xC2, 0x80]),
        ("the first of three", [0xE0, 0xA0, 0x80]),
        ("the first of four", [0xF0, 0x90, 0x80, 0x80]),
        ("the last of one byte", [0x7F]),
        ("the last of two", [0xDF, 0xBF]),
        ("the last of three", [0xEF, 0xBF, 0xBF]),
        ("the last of four", [0xF4, 0x8F, 0xBF, 0xBF]),
        ("U+D7FF", [0xED, 0x9F, 0xBF]),
        ("U+E000", [0xEE, 0x80, 0x80]),
        ("U+FFFD", [0xEF, 0xBF, 0xBD]),
        ("a byte-order mark", [0xEF, 0xBB, 0xBF, 0x61]),
        ("noncharacters", [0xEF, 0xB7, 0x90, 0xEF, 0xBF, 0xBE, 0xF0, 0x9F, 0xBF, 0xBE, 0xF4, 0x8F, 0xBF, 0xBE]),
        ("private use", [0xEF, 0xA3, 0xBF, 0xF3, 0xB0, 0x80, 0x80]),
    ]

    /// Text that is not, with how many bytes of it are still the beginning of UTF-8.
    static let invalid: [(name: String, bytes: [UInt8], good: Int)] =
        [
            ("a surrogate behind Greek", Array("κόσμε".utf8) + [0xED, 0xA0, 0x80] + Array("edited".utf8), 12),
            ("five bytes", [0xF8, 0x88, 0x80, 0x80, 0x80], 0),
            ("six bytes", [0xFC, 0x84, 0x80, 0x80, 0x80, 0x80], 0),
            ("the last of five bytes", [0xFB, 0xBF, 0xBF, 0xBF, 0xBF], 0),
            ("the last of six bytes", [0xFD, 0xBF, 0xBF, 0xBF, 0xBF, 0xBF], 0),
            ("beyond U+10FFFF", [0xF4, 0x90, 0x80, 0x80], 1),
            ("far beyond", [0xF7, 0xBF, 0xBF, 0xBF], 0),
            ("a continuation alone", [0x80], 0),
            ("the last continuation alone", [0xBF], 0),
            ("seven continuations", [0x80, 0xBF, 0x80, 0xBF, 0x80, 0xBF, 0x80], 0),
            ("FE", [0xFE], 0),
            ("FF", [0xFF], 0),
            ("FE FE FF FF", [0xFE, 0xFE, 0xFF, 0xFF], 0),
            ("an overlong slash of two", [0xC0, 0xAF], 0),
            ("an overlong slash of three", [0xE0, 0x80, 0xAF], 1),
            ("an overlong slash of four", [0xF0, 0x80, 0x80, 0xAF], 1),
            ("the longest overlong of two", [0xC1, 0xBF], 0),
            ("the longest overlong of three", [0xE0, 0x9F, 0xBF], 1),
            ("the longest overlong of four", [0xF0, 0x8F, 0xBF, 0xBF], 1),
            ("an overlong zero", [0xC0, 0x80], 0),
            ("U+D800", [0xED, 0xA0, 0x80], 1),
            ("U+DBFF", [0xED, 0xAF, 0xBF], 1),
            ("U+DC00", [0xED, 0xB0, 0x80], 1),
            ("U+DFFF", [0xED, 0xBF, 0xBF], 1),
            ("a pair of surrogates", [0xED, 0xA0, 0x80, 0xED, 0xB0, 0x80], 1),
            ("Latin-1", Array("gr".utf8) + [0xFC] + Array("n".utf8), 2),
        ]
        + ([0xC2, 0xDF, 0xE0, 0xEF, 0xF0, 0xF4] as [UInt8]).map { ("\($0) and a space", [$0, 0x20], 1) }

    /// Text that only begins like UTF-8.
    static let unfinished: [[UInt8]] = [
        [0xC2], [0xE0, 0xA0], [0xED], [0xF0, 0x90, 0x80], [0xF4, 0x8F], [0x61, 0xE2, 0x82],
    ]

    @Test("echoes every kind of text, whole and with every byte a fragment", arguments: 0..<valid.count)
    func validText(index: Int) async throws {
        let (name, bytes) = Self.valid[index]
        let whole = Case(name: name, sent: [.text(bytes: bytes)], answers: [Self.server(1, bytes)])
        try await Self.play(whole, .whole)
        try await Self.play(whole, .bytes)
        var fragments = [Frame.text("", isFinal: false)]
        fragments += bytes.map { .continuation([$0], isFinal: false) } + [.continuation([])]
        try await Self.play(Case(name: name, sent: fragments, answers: [Self.server(1, bytes)]), .frames)
    }

    @Test(
        "refuses every kind of text that is not UTF-8, in one frame, in fragments and in chops",
        arguments: 0..<invalid.count
    )
    func invalidText(index: Int) async throws {
        let (name, bytes, _) = Self.invalid[index]
        let whole = Case(
            name: name,
            sent: [.text("good"), .text(bytes: bytes), .ping()],
            answers: [Self.echoed("good")],
            code: 1007
        )
        for chopping in Chopping.allCases { try await Self.play(whole, chopping) }
        var fragments = [Frame.text("", isFinal: false)]
        fragments += bytes.map { .continuation([$0], isFinal: false) } + [.continuation([])]
        try await Self.play(Case(name: name, sent: fragments, code: 1007), .frames)
    }

    @Test(
        "refuses text at the first impossible byte, before the frame or the message is complete",
        arguments: 0..<invalid.count
    )
    func failsFast(index: Int) async throws {
        let (_, bytes, good) = Self.invalid[index]
        let frame = WebSocketTestFrame(opcode: 1, payload: bytes + [UInt8](repeating: 0x61, count: 1000)).bytes
        let header = frame.count - bytes.count - 1000
        try await EchoServer.run { server in
            let client = try await WebSocketTestClient.connect(port: server.port)
            try await client.send(raw: Array(frame.prefix(header + good)))
            try await client.send(raw: [frame[header + good]])
            let remainder = try await client.remainder()
            #expect(remainder.closeCode == 1007 && remainder.ending == .orderly)
        }
    }

    @Test("refuses text that ends within a character, but not before it ends", arguments: unfinished)
    func unfinishedText(bytes: [UInt8]) async throws {
        try await Self.play(Case(name: "\(bytes)", sent: [.text(bytes: bytes)], code: 1007), .whole)
        let fragments: [Frame] = [.text(bytes: bytes, isFinal: false), .ping("still here".utf8), .continuation([])]
        let answers = [Self.server(10, "still here".utf8)]
        try await Self.play(Case(name: "\(bytes)", sent: fragments, answers: answers, code: 1007), .frames)
    }

    // MARK: Limits and sizes

    @Test("echoes large messages", arguments: [256 << 10, 1 << 20, 4 << 20])
    func large(size: Int) async throws {
        try await EchoServer.run(delivery: .wholeMessages(upTo: 4 << 20)) { server in
            let client = try await WebSocketTestClient.connect(port: server.port)
            let payload = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) & 0x7F }
            try await client.send(.binary(payload))
            #expect(try await client.nextBinary() == payload)
            // In fragments of many sizes.
            for fragment in [64 << 10, 4 << 10, 1000] where fragment * 5000 > size {
                var frames: [Frame] = stride(from: 0, to: size, by: fragment).map {
                    .continuation(payload[$0..<min($0 + fragment, size)], isFinal: false)
                }
                frames[0].opcode = 1
                frames[frames.count - 1].isFinal = true
                try await client.send(raw: frames.flatMap(\.bytes))
                let echo = try await client.next()
                #expect(echo.opcode == 1 && echo.payload == payload)
            }
        }
    }

    @Test("echoes in chops of every size", arguments: [64, 997, 4096, 20_000])
    func chopped(chop: Int) async throws {
        try await EchoServer.run { server in
            let client = try await WebSocketTestClient.connect(port: server.port)
            let payload = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) & 0x7F }
            let bytes = Frame.text(bytes: payload).bytes
            for start in stride(from: 0, to: bytes.count, by: chop) {
                try await client.send(raw: Array(bytes[start..<min(start + chop, bytes.count)]))
            }
            let echo = try await client.next()
            #expect(echo.opcode == 1 && echo.payload == payload)
        }
    }

    @Test("echoes a thousand messages of every small size", arguments: [0, 16, 64, 256, 1024, 4096])
    func many(size: Int) async throws {
        try await EchoServer.run { server in
            let client = try await WebSocketTestClient.connect(port: server.port)
            let frame = Frame.text(bytes: [UInt8](repeating: 0x61, count: size))
            for _ in 0..<10 {
                try await client.send(raw: (0..<100).flatMap { _ in frame.bytes })
                for _ in 0..<100 { #expect(try await client.next().payload.count == size) }
            }
        }
    }

    @Test("refuses a message above the limit as soon as it is announced")
    func tooBig() async throws {
        try await EchoServer.run(delivery: .wholeMessages(upTo: 1000)) { server in
            let announced = try await WebSocketTestClient.connect(port: server.port)
            try await announced.send(.text(String(repeating: "a", count: 1000)))
            #expect(try await announced.nextText().utf8.count == 1000)
            try await announced.send(raw: Frame(opcode: 1, payload: [], announcedLength: 60 << 20).bytes)
            #expect(try await announced.remainder().closeCode == 1009)
            let fragmented = try await WebSocketTestClient.connect(port: server.port)
            try await fragmented.send(
                .text(String(repeating: "a", count: 600), isFinal: false),
                .continuation(Array(repeating: 0x61, count: 401))
            )
            #expect(try await fragmented.remainder().closeCode == 1009)
            try await eventually("told") { server.log.closed == [.messageTooBig, .messageTooBig] }
        }
    }

    @Test("refuses a length of 2^63 bytes and more", arguments: [1 << 63, UInt64.max])
    func impossible(length: UInt64) async throws {
        try await EchoServer.run(delivery: .pieces(upTo: 1000)) { server in
            let client = try await WebSocketTestClient.connect(port: server.port)
            try await client.send(raw: Frame(opcode: 2, payload: [], announcedLength: length).bytes)
            #expect(try await client.remainder().closeCode == 1002)
        }
    }
}
