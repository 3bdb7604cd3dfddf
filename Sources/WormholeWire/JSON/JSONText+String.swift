extension JSONText {
    /// The JSON string that stands for `text`.
    package init(encoding text: String) {
        var writer = JSONWriter()
        writer.append(string: text)
        self.init(valid: String(decoding: writer.bytes, as: UTF8.self))
    }

    /// The text a JSON string stands for; `nil` for any other value.
    package var string: String? {
        guard text.utf8.first == UInt8(ascii: "\"") else { return nil }
        var text = self.text
        return text.withUTF8 { utf8 in
            var scanner = JSONScanner(utf8)
            guard let token = try? scanner.stringToken() else { return nil }  // Valid by the type's promise.
            return scanner.text(of: token)
        }
    }
}
