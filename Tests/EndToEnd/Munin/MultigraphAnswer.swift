import Testing

/// The values, or the attributes, that a multigraph plugin prints, by graph and by what stands before ` ` and `.value`.
struct MultigraphAnswer {
    private var graphs: [String: [String: String]] = [:]
    /// In the order in which they came.
    private(set) var names: [String] = []

    /// - Throws: When a line belongs to no graph, or says something twice.
    init(_ text: String) throws {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 1).map(String.init)
            try #require(words.count == 2, "\(line)")
            if words[0] == "multigraph" {
                try #require(graphs.updateValue([:], forKey: words[1]) == nil, "\(line) comes twice")
                names.append(words[1])
            } else {
                let graph = try #require(names.last, "\(line) belongs to no graph")
                let key = words[0].hasSuffix(".value") ? String(words[0].dropLast(6)) : words[0]
                try #require(graphs[graph]?.updateValue(words[1], forKey: key) == nil, "\(graph): \(line) comes twice")
            }
        }
    }

    subscript(graph: String) -> [String: String]? { graphs[graph] }
}
