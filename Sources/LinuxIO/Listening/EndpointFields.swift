/// An endpoint string taken apart: a type, positional arguments and named ones.
///
///     type ":" argument ":" key "=" value ...        `\` takes the next character literally
///
/// Only the first `=` of a field separates, so that values may hold more of them. Source: the endpoint description
/// syntax of Twisted, which is what operators of the original servers have in their unit files.
struct EndpointFields: Equatable {
    let type: String
    private(set) var positional: [String]
    private(set) var named: [String: String] = [:]

    /// - Throws: The reason, when a key comes twice or the last character is a lone backslash.
    init(_ text: String) throws(EndpointError) {
        var fields: [(key: String?, value: String)] = []
        var key: String?
        var value = ""
        var isEscaped = false
        for character in text {
            if isEscaped {
                value.append(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == ":" {
                fields.append((key, value))
                (key, value) = (nil, "")
            } else if character == "=", key == nil {
                (key, value) = (value, "")
            } else {
                value.append(character)
            }
        }
        guard !isEscaped else {
            throw EndpointError(endpoint: text, reason: "it ends in a backslash, which escapes the next character")
        }
        fields.append((key, value))

        let first = fields.removeFirst()
        guard first.key == nil, !first.value.isEmpty else {
            throw EndpointError(endpoint: text, reason: "it must begin with a type, such as tcp:")
        }
        type = first.value
        positional = []
        for field in fields {
            guard let key = field.key else {
                positional.append(field.value)
                continue
            }
            guard named.updateValue(field.value, forKey: key) == nil else {
                throw EndpointError(endpoint: text, reason: "'\(key)' is given twice")
            }
        }
    }

    /// Removes and returns an argument that may be written by position or by name.
    mutating func takeArgument(_ name: String) -> String? {
        if let value = named.removeValue(forKey: name) { return value }
        return positional.isEmpty ? nil : positional.removeFirst()
    }

    /// Removes and returns an argument that is written by name.
    mutating func takeNamed(_ name: String) -> String? {
        named.removeValue(forKey: name)
    }

    /// What nobody has taken: the reason to refuse the endpoint, or `nil`.
    var leftover: String? {
        if let key = named.keys.min() { return "\(type) endpoints have no argument '\(key)'" }
        if let value = positional.first {
            return #"there is one argument too many, '\#(value)' (a colon inside a value is written \:)"#
        }
        return nil
    }
}
