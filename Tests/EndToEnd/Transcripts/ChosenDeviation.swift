import TestSupport

/// A place where we do better than the original on purpose: what comes instead of some recorded steps.
struct ChosenDeviation: Sendable {
    let scenario: String
    /// The recorded steps that do not happen.
    let steps: ClosedRange<Int>
    /// What happens instead.
    let instead: [(connection: String, action: Transcript.Action)]

    /// The recording with every deviation of ours worked in.
    static func applied(to transcript: Transcript) -> Transcript {
        var result = transcript
        for deviation in all where deviation.scenario == transcript.scenario {
            guard let first = result.steps.firstIndex(where: { deviation.steps.contains($0.number) }) else { continue }
            result.steps.removeAll { deviation.steps.contains($0.number) }
            let steps = deviation.instead.map {
                Transcript.Step(number: deviation.steps.lowerBound, connection: $0.connection, action: $0.action)
            }
            result.steps.insert(contentsOf: steps, at: first)
        }
        return result
    }
}

extension ChosenDeviation {
    private static let ack: JSON = ["id": nil, "type": "ack", "server_tx": "<time>"]
    private static let closed: JSON = ["type": "closed", "server_tx": "<time>"]

    private static func error(_ text: String, _ original: JSON) -> JSON {
        ["type": "error", "error": .string(text), "orig": original, "server_tx": "<time>"]
    }

    /// At the last step, where the original drops the connection or answers otherwise, these frames come.
    private static func at(
        _ step: Int,
        of scenario: String,
        by connection: String = "A",
        _ frames: JSON...
    ) -> ChosenDeviation {
        through(step...step, of: scenario, by: connection, frames)
    }

    private static func through(
        _ steps: ClosedRange<Int>,
        of scenario: String,
        by connection: String = "A",
        _ frames: [JSON]
    ) -> ChosenDeviation {
        ChosenDeviation(scenario: scenario, steps: steps, instead: frames.map { (connection, .receive($0)) })
    }

    /// What is not a command: told, without an `ack`, and the connection stays.
    private static let noCommands = [
        at(4, of: "reference-drop/text-not-json", error("invalid JSON", nil)),
        at(4, of: "reference-drop/empty-text", error("invalid JSON", nil)),
        at(4, of: "reference-drop/json-trailing-garbage", error("invalid JSON", nil)),
        at(4, of: "reference-drop/binary-invalid-utf8", error("invalid JSON", nil)),
        at(4, of: "reference-drop/json-array", error("message must be an object", [])),
        at(4, of: "reference-drop/json-string", error("message must be an object", "type")),
        at(4, of: "reference-drop/json-number", error("message must be an object", 5)),
        at(4, of: "reference-drop/json-null", error("message must be an object", nil)),
    ]

    /// Values of a wrong kind: told, and the connection stays.
    private static let wrongValues = [
        at(
            4,
            of: "reference-drop/bind-appid-number",
            ack,
            error("'appid' must be a string", ["type": "bind", "appid": 5, "side": "s"])
        ),
        at(
            4,
            of: "reference-drop/bind-appid-null",
            ack,
            error("'appid' must be a string", ["type": "bind", "appid": nil, "side": "s"])
        ),
        at(
            4,
            of: "reference-drop/bind-side-list",
            ack,
            error("'side' must be a string", ["type": "bind", "appid": "rd", "side": ["a"]])
        ),
        // A version that cannot be one counts as none.
        at(4, of: "reference-drop/bind-client-version-null", ack),
        at(4, of: "reference-drop/bind-client-version-short", ack),
        at(4, of: "reference-drop/bind-client-version-object", ack),
        // The original notices only when the side is stored; we refuse it at once, so nothing is bound.
        at(
            4,
            of: "reference-drop/bind-side-number-then-allocate",
            ack,
            error("'side' must be a string", ["type": "bind", "appid": "rd", "side": 5])
        ),
        at(7, of: "reference-drop/bind-side-number-then-allocate", error("must bind first", ["type": "list"])),
        at(9, of: "reference-drop/bind-side-number-then-allocate", ack, error("must bind first", ["type": "allocate"])),
        at(
            6,
            of: "reference-drop/open-number",
            ack,
            error("'mailbox' must be a string", ["type": "open", "mailbox": 5])
        ),
        at(
            6,
            of: "reference-drop/open-null",
            ack,
            error("'mailbox' must be a string", ["type": "open", "mailbox": nil])
        ),
        at(
            6,
            of: "reference-drop/close-number-before-open",
            ack,
            error("'mailbox' must be a string", ["type": "close", "mailbox": 5])
        ),
        at(
            8,
            of: "reference-drop/add-phase-list",
            ack,
            error("'phase' must be a string", ["type": "add", "phase": ["x"], "body": "00"])
        ),
        at(
            8,
            of: "reference-drop/add-body-object",
            ack,
            error("'body' must be a string", ["type": "add", "phase": "p", "body": ["a": 1]])
        ),
        at(8, of: "reference-drop/close-mood-list", ack, closed),
        // An id may be anything: it comes back as it was.
        at(
            8,
            of: "reference-drop/add-id-object",
            ["id": ["a": 1], "type": "ack", "server_tx": "<time>"],
            [
                "type": "message", "side": "s1", "phase": "p", "body": "00", "id": ["a": 1], "server_rx": "<rx:1>",
                "server_tx": "<time>",
            ]
        ),
        // The original stores numbers and gives them to others as text; a peer's client aborts on either.
        at(
            9,
            of: "reference-lax/add-non-string-phase-and-body",
            error("'phase' must be a string", ["type": "add", "phase": 7, "body": "00"])
        ),
        at(
            12,
            of: "reference-lax/add-non-string-phase-and-body",
            error("'phase' must be a string", ["type": "add", "phase": nil, "body": "00"])
        ),
        at(
            15,
            of: "reference-lax/add-non-string-phase-and-body",
            error("'body' must be a string", ["type": "add", "phase": "p", "body": 7])
        ),
        through(22...24, of: "reference-lax/add-non-string-phase-and-body", []),
    ]

    /// Names that are no nameplates.
    private static let wrongNameplates: [ChosenDeviation] = {
        let text = "nameplate must be a string of 1 to 40 digits"
        let claims: [(String, JSON)] = [
            ("claim-number", 7), ("claim-null", nil), ("claim-empty", ""), ("claim-letters", "abc"),
            ("claim-negative", "-1"),
            ("claim-leading-space", " 1"), ("claim-41-digits", "11111111111111111111111111111111111111111"),
        ]
        return claims.map { name, value in
            at(6, of: "reference-drop/\(name)", ack, error(text, ["type": "claim", "nameplate": value]))
        } + [
            at(
                6,
                of: "reference-drop/release-number-before-claim",
                ack,
                error(text, ["type": "release", "nameplate": 5])
            ),
            // What the original lets through although no client could ever type it.
            at(7, of: "reference-lax/claim-trailing-newline", error(text, ["type": "claim", "nameplate": "1\n"])),
            at(7, of: "reference-lax/claim-non-ascii-digits", error(text, ["type": "claim", "nameplate": "١٢"])),
        ]
    }()

    /// Rules of the original that leave clients or state behind.
    private static let rules = [
        // A side that makes a mailbox crowded may close it; the original never lets it go.
        at(22, of: "close/crowded-side-gets-error", by: "C", closed),
        at(25, of: "close/crowded-side-gets-error", by: "C", error("only one close per connection", ["type": "close"])),
        // Nobody is told by the original that the server goes away.
        ChosenDeviation(
            scenario: "session/server-restart",
            steps: 14...14,
            instead: [("A", .serverCloses(code: 1001))]
        ),
        // The original fails when the last side closes while the other still claims the nameplate.
        at(
            12,
            of: "reference-drop/open-mailbox-of-other-app",
            by: "B",
            ack,
            error("mailbox id is in use", ["type": "open", "mailbox": "rd4-m"])
        ),
        at(23, of: "reference-drop/both-close-without-release", by: "B", ack, closed),
    ]

    static let all = noCommands + wrongValues + wrongNameplates + rules
}
