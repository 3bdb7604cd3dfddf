import TestSupport
import Testing

@testable import Admin

@Suite("JSON of the admin endpoint")
struct JSONSchemaTests {
    private static let schema = JSONSchema.object([
        .init("name", .string(maximumLength: 3)), .init("count", .integer(0...9), isRequired: false),
        .init("kind", .nullable(.choice(["a", "b"])), isRequired: false),
        .init("list", .array(.boolean), isRequired: false), .init("more", .dictionary(.number), isRequired: false),
    ])

    private static let fitting = [
        #"{"name": ""}"#, #"{"name": "äöü", "count": 9}"#, #"{"name": "x", "kind": null}"#,
        #"{"name": "x", "kind": "b", "list": [], "more": {}}"#,
        #"{"name": "x", "count": 9.0}"#, #"{"name": "x", "count": 90e-1}"#,
        #"{"name": "x", "list": [true, false], "more": {"y": 1, "z": -2.5}}"#,
    ]

    private static let others = [
        "null", "[]", "5", "{}", #"{"name": "four"}"#, #"{"name": null}"#, #"{"name": "x", "count": -1}"#,
        #"{"name": "x", "count": 10}"#, #"{"name": "x", "count": 1.5}"#, #"{"name": "x", "count": true}"#,
        #"{"name": "x", "kind": "c"}"#, #"{"name": "x", "list": [1]}"#, #"{"name": "x", "more": {"y": "1"}}"#,
        #"{"name": "x", "other": 1}"#, #"{"name": "x", "name": "x"}"#,
    ]

    @Test("what fits has no problem", arguments: fitting)
    func fits(text: String) throws {
        let value = try #require(JSONValue(parsing: Array(text.utf8)))
        #expect(Self.schema.problem(with: value, at: "it") == nil)
    }

    @Test("what does not has one that says where", arguments: others)
    func doesNotFit(text: String) throws {
        let value = try #require(JSONValue(parsing: Array(text.utf8)))
        #expect(Self.schema.problem(with: value, at: "it")?.hasPrefix("it") == true)
    }

    @Test("what is written is read back as it was, on one line")
    func roundTrip() throws {
        let value: JSONValue = [
            "a": "\"\\\n\r\t\u{0}\u{1B}\u{7F}é𝄞", "b": [1, -5, true, .null, .number(0.1), .number(1e300)],
            "c": ["x": [:], "y": []],
        ]
        #expect(JSONValue(parsing: Array(value.text.utf8)) == value)
        #expect(!value.text.contains { $0.isNewline })
        #expect(JSONValue.number(.infinity).text == "null")
    }

    @Test("no bytes make reading trap, however deep they go", arguments: 0..<50 as Range<UInt64>)
    func fuzz(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let alphabet = Array(#"[]{}",:\u0e-1 truefalsn"#.utf8) + [0xFF, 0xC3, 0]
        for _ in 0..<200 {
            let length = Int.random(in: 0..<60, using: &random)
            _ = JSONValue(parsing: (0..<length).map { _ in alphabet.randomElement(using: &random) ?? 0 })
        }
        for depth in [100, 511, 512, 513, 16_000] {
            _ = JSONValue(parsing: [UInt8](repeating: UInt8(ascii: "["), count: depth))
            _ = JSONValue(
                parsing: Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
            )
        }
    }

    @Test("parameters are values of their schema or nothing")
    func parameters() {
        #expect(JSONSchema.integer(0...9).value(ofParameter: "7") == 7)
        for text in ["", "10", "-1", "+1", "1.0", "0x1", " 1", "99999999999999999999"] {
            #expect(JSONSchema.integer(0...9).value(ofParameter: text) == nil, "\(text)")
        }
        #expect(JSONSchema.choice(["a"]).value(ofParameter: "a") == "a")
        #expect(JSONSchema.choice(["a"]).value(ofParameter: "") == nil)
        let words = JSONSchema.words(["a", "b"])
        for text in ["", "a", "b,a", "a,a"] { #expect(words.value(ofParameter: text) == .string(text)) }
        for text in [",", "a,", "c", "a b"] { #expect(words.value(ofParameter: text) == nil, "\(text)") }
        #expect(JSONSchema.string(maximumLength: 2).value(ofParameter: "abc") == nil)
    }
}

@Suite("The admin token")
struct AdminTokenTests {
    @Test("what is too short, or no word, is none")
    func contents() throws {
        for text in [
            "", "short", "0123456789abcde", "0123456789 abcdef", "0123456789abcdé", String(repeating: "x", count: 1025),
        ] {
            #expect(throws: AdminError.self, "\(text)") { () throws in try AdminToken(Array(text.utf8), from: "f") }
        }
        #expect(throws: AdminError.self) { () throws in try AdminToken(file: "/nowhere/to/be/found") }
        let token = try AdminToken(Array(" \n0123456789abcdef\r\n".utf8), from: "f")
        #expect(token.isShown(by: "bearer 0123456789abcdef"))
        #expect("\(token)" == "(secret)")
    }
}

@Suite("The description of the interface")
struct OpenAPITests {
    @Test("it has every route with its answers, and nothing else")
    func table() throws {
        let document = OpenAPI.document
        guard case .object(let paths)? = document["paths"] else { throw TestFailure() }
        var described: [String] = []
        for path in paths {
            guard case .object(let operations) = path.value else { throw TestFailure() }
            described += operations.map { "\($0.name.uppercased()) \(path.name)" }
        }
        #expect(described.sorted() == AdminRoutes.all.map { "\($0.method.rawValue) \($0.path)" }.sorted())
        #expect(Set(described).count == described.count)
        for route in AdminRoutes.all {
            let operation = try #require(document["paths"]?[route.path]?[route.method.rawValue.lowercased()])
            guard case .object(let answers)? = operation["responses"] else { throw TestFailure() }
            #expect(Set(answers.map(\.name)) == Set(route.allAnswers.map { String($0.status) }), "\(route.path)")
            #expect((operation["requestBody"] != nil) == route.method.isChange, "\(route.path)")
            #expect((operation["security"] != nil) == route.method.isChange, "\(route.path)")
            #expect((route.action != nil) == route.method.isChange, "\(route.path)")
        }
    }

    private struct TestFailure: Error {}
}
