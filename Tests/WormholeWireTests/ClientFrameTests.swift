import TestSupport
import Testing
import WormholeWire

@Suite("Client frames")
struct ClientFrameTests {
    private func command(_ text: String) -> ClientCommand? {
        guard case .message(let message) = ClientFrame(text.utf8) else { return nil }
        return message.command
    }

    @Test("every command is read with its fields")
    func commands() {
        #expect(command(#"{"type":"ping","ping":{"a": [1]}}"#) == .ping(JSONText(valid: #"{"a": [1]}"#)))
        #expect(command(#"{"type":"ping"}"#) == .ping(nil))
        #expect(
            command(#"{"type":"bind","appid":"a","side":"s","client_version":["python","0.24.0","more"]}"#)
                == .bind(
                    appID: .present(AppID("a")!),
                    side: .present(Side("s")!),
                    client: ClientVersion(implementation: "python", version: "0.24.0")
                )
        )
        #expect(command(#"{"type":"list"}"#) == .list)
        #expect(command(#"{"type":"allocate"}"#) == .allocate)
        #expect(command(#"{"type":"claim","nameplate":"007"}"#) == .claim(.present(Nameplate("007")!)))
        #expect(command(#"{"type":"release","nameplate":7}"#) == .release(.malformed))
        #expect(command(#"{"type":"release"}"#) == .release(.absent))
        #expect(command(#"{"type":"open","mailbox":""}"#) == .open(.present(MailboxID("")!)))
        #expect(
            command(#"{"type":"add","phase":"p","body":"00"}"#)
                == .add(phase: .present(Phase("p")!), body: .present("00"))
        )
        #expect(command(#"{"type":"close","mood":"happy"}"#) == .close(.absent, mood: "happy"))
        #expect(command(#"{"type":"close","mood":["happy"]}"#) == .close(.absent, mood: nil))
        for spelling in ["submit-permissions", "submit-permission"] {
            #expect(
                command(#"{"type":"\#(spelling)","method":"hashcash","stamp":"1:2"}"#)
                    == .submitPermissions(method: .present("hashcash"), stamp: .present("1:2"))
            )
        }
        for type in ["null", "5", #""nonsense""#, "{}"] { #expect(command(#"{"type":\#(type)}"#) == .unknown) }
    }

    @Test("of a key given twice the last counts, also when it is written with escapes")
    func duplicateKeys() {
        #expect(command(#"{"type":"list","type":"allocate"}"#) == .allocate)
        #expect(command(#"{"type":"list","\u0074ype":"allocate"}"#) == .allocate)
        #expect(command(#"{"type":"claim","nameplate":"1","nameplate":2}"#) == .claim(.malformed))
    }

    @Test(
        "a client version that is not two elements is none",
        arguments: [
            "null", "{}", "[]", #"["python"]"#, #""py""#, "7", #"["\#(String(repeating: "x", count: 1025))","1"]"#,
        ]
    )
    func clientVersions(text: String) {
        #expect(
            command(#"{"type":"bind","appid":"a","side":"s","client_version":\#(text)}"#)
                == .bind(appID: .present(AppID("a")!), side: .present(Side("s")!), client: nil)
        )
    }

    @Test("elements of a client version are kept as text")
    func clientVersionElements() {
        guard
            case .bind(_, _, let client)? = command(
                #"{"type":"bind","client_version":[null, [1, "x"]],"appid":1,"side":null}"#
            )
        else {
            Issue.record("not a bind")
            return
        }
        #expect(client == ClientVersion(implementation: nil, version: #"[1, "x"]"#))
    }

    @Test(
        "names have at most 1,024 bytes",
        arguments: [(1024, false), (1025, true)]
    )
    func lengths(count: Int, isTooLong: Bool) {
        let name = String(repeating: "x", count: count)
        let expected: Field<MailboxID> = isTooLong ? .tooLong : .present(MailboxID(name)!)
        #expect(command(#"{"type":"open","mailbox":"\#(name)"}"#) == .open(expected))
    }

    @Test("the id and the whole object are kept as they were sent")
    func verbatim() {
        let text = #" {"id" : 1.0 , "type":"list", "x":"é"} "#
        guard case .message(let message) = ClientFrame(text.utf8) else {
            Issue.record("not a message")
            return
        }
        #expect(message.id.text == "1.0")
        #expect(message.original.text == text)
    }

    @Test("what is no command is told apart")
    func otherFrames() {
        #expect(ClientFrame("hello".utf8) == .invalidJSON)
        #expect(ClientFrame("".utf8) == .invalidJSON)
        #expect(ClientFrame([0x22, 0xFF, 0x22]) == .invalidJSON)
        #expect(ClientFrame("[]".utf8) == .notAnObject(original: JSONText(valid: "[]")))
        #expect(ClientFrame("null".utf8) == .notAnObject(original: .null))
        #expect(ClientFrame("{}".utf8) == .missingType(original: JSONText(valid: "{}")))
        #expect(ClientFrame("{} x".utf8) == .invalidJSON)
    }

    @Test("random bytes never trap", arguments: 0..<20 as Range<UInt64>)
    func fuzz(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let alphabet = Array(#"{}[]",:\ud8000typeidbnl 19.-é"#.utf8) + [0xFF, 0xC3, 0x00]
        for _ in 0..<2000 {
            let count = Int.random(in: 0...60, using: &random)
            let bytes = (0..<count).map { _ in alphabet.randomElement(using: &random)! }
            switch ClientFrame(bytes) {
            case .message(let message): #expect(message.original.text.utf8.elementsEqual(bytes))
            case .missingType, .notAnObject, .invalidJSON: break
            }
        }
    }
}
