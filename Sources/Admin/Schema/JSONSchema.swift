/// What a JSON value may be: as much of JSON Schema as the endpoint needs. Checks what comes in, and describes it.
///
/// Source: JSON Schema 2020-12, which OpenAPI 3.1 uses.
indirect enum JSONSchema: Equatable, Sendable {
    case boolean
    case integer(ClosedRange<Int>)
    case number
    /// At most so many Unicode scalars.
    case string(maximumLength: Int)
    /// One of these words.
    case choice([String])
    /// Any of these words with commas between, or none.
    case words([String])
    case nullable(JSONSchema)
    case array(JSONSchema)
    /// These members and no others.
    case object([Property])
    /// Any names, and values of one kind.
    case dictionary(JSONSchema)
    case any
    /// A member of an object that is not to be there, and what to say to who sends it. Not described.
    case refused(because: String)

    struct Property: Equatable, Sendable {
        let name: String
        let schema: JSONSchema
        let isRequired: Bool

        init(_ name: String, _ schema: JSONSchema, isRequired: Bool = true) {
            self.name = name
            self.schema = schema
            self.isRequired = isRequired
        }
    }

    static let anyString = JSONSchema.string(maximumLength: .max)
    static let count = JSONSchema.integer(0...Int.max)

    // MARK: Checking

    /// What is wrong with a value, for the one who sent it; `nil` when nothing is.
    ///
    /// - Parameter place: How the value is called.
    func problem(with value: JSONValue, at place: String) -> String? {
        switch (self, value) {
        case (.refused(let reason), _): return reason
        case (.any, _), (.boolean, .bool), (.number, .integer), (.number, .number), (.nullable, .null):
            return nil
        case (.integer(let range), .integer(let number)):
            return range.contains(number) ? nil : "\(place) is not from \(range.lowerBound) to \(range.upperBound)"
        case (.string(let maximum), .string(let text)):
            return text.unicodeScalars.count <= maximum ? nil : "\(place) is longer than \(maximum)"
        case (.choice(let words), .string(let text)) where words.contains(text):
            return nil
        case (.words(let known), .string(let text)):
            let words = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            return text.isEmpty || words.allSatisfy(known.contains) ? nil : "\(place) is not \(self.words)"
        case (.nullable(let schema), _):
            return schema.problem(with: value, at: place)
        case (.array(let schema), .array(let elements)):
            return elements.enumerated().firstNonNil { schema.problem(with: $1, at: "\(place)[\($0)]") }
        case (.dictionary(let schema), .object(let members)):
            return members.firstNonNil { schema.problem(with: $0.value, at: "\(place).\($0.name)") }
        case (.object(let properties), .object(let members)):
            return problem(with: members, of: properties, at: place)
        case (.boolean, _), (.integer, _), (.number, _), (.string, _), (.choice, _), (.words, _), (.array, _),
            (.object, _),
            (.dictionary, _):
            return "\(place) is not \(words)"
        }
    }

    private func problem(with members: [JSONValue.Member], of properties: [Property], at place: String) -> String? {
        for (index, member) in members.enumerated() {
            guard !members[..<index].contains(where: { $0.name == member.name }) else {
                return "\(place).\(member.name.prefix(60)) stands there twice"
            }
            guard let property = properties.first(where: { $0.name == member.name }) else {
                return "\(place) has no member of this name: \(member.name.prefix(60))"
            }
            if let problem = property.schema.problem(with: member.value, at: "\(place).\(member.name)") {
                return problem
            }
        }
        let missing = properties.first { property in
            property.isRequired && !members.contains { $0.name == property.name }
        }
        return missing.map { "\(place).\($0.name) is missing" }
    }

    private var words: String {
        switch self {
        case .boolean: "true or false"
        case .integer: "a whole number"
        case .number: "a number"
        case .string: "a string"
        case .choice(let words): "one of \(words.joined(separator: ", "))"
        case .words(let words): "one of \(words.joined(separator: ",")), or several with commas between"
        case .array: "an array"
        case .object, .dictionary: "an object"
        case .nullable(let schema): "\(schema.words), or null"
        case .any, .refused: "a value"
        }
    }

    /// The value that a query parameter's text stands for; `nil` when it is none of this schema's.
    func value(ofParameter text: String) -> JSONValue? {
        let value: JSONValue? =
            switch self {
            case .integer: text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) ? Int(text).map { .integer($0) } : nil
            case .boolean: text == "true" ? true : text == "false" ? false : nil
            case .string, .choice, .words, .any: .string(text)
            case .number, .nullable, .array, .object, .dictionary, .refused: nil
            }
        guard let value, problem(with: value, at: "") == nil else { return nil }
        return value
    }

    // MARK: Describing

    var json: JSONValue {
        switch self {
        case .any, .refused: return [:]
        case .boolean: return ["type": "boolean"]
        case .number: return ["type": "number"]
        case .integer(let range):
            var members: [JSONValue.Member] = [.init("type", "integer"), .init("minimum", .integer(range.lowerBound))]
            if range.upperBound != .max { members.append(.init("maximum", .integer(range.upperBound))) }
            return .object(members)
        case .string(let maximum):
            return maximum == .max ? ["type": "string"] : ["type": "string", "maxLength": .integer(maximum)]
        case .choice(let words): return ["type": "string", "enum": .array(words.map { .string($0) })]
        case .words(let words):
            let word = "(\(words.joined(separator: "|")))"
            return ["type": "string", "pattern": "^(\(word)(,\(word))*)?$"]
        case .nullable(let schema): return ["anyOf": [schema.json, ["type": "null"]]]
        case .array(let schema): return ["type": "array", "items": schema.json]
        case .dictionary(let schema): return ["type": "object", "additionalProperties": schema.json]
        case .object(let properties):
            let properties = properties.filter { property in
                if case .refused = property.schema { false } else { true }
            }
            return [
                "type": "object",
                "properties": .object(properties.map { .init($0.name, $0.schema.json) }),
                "required": .array(properties.filter(\.isRequired).map { .string($0.name) }),
                "additionalProperties": false,
            ]
        }
    }
}

extension Sequence {
    fileprivate func firstNonNil<Result>(_ transform: (Element) -> Result?) -> Result? {
        for element in self { if let result = transform(element) { return result } }
        return nil
    }
}
