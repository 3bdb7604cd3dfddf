/// Why a text is not JSON that we take.
package enum JSONError: Error, Equatable {
    /// Breaks the grammar of RFC 8259 at this byte.
    case syntax(offset: Int)
    /// A `\u` escape that is half a surrogate pair: no text can hold it.
    case loneSurrogate(offset: Int)
    /// Nested deeper than ``JSONScanner/maximumDepth``.
    case tooDeep(offset: Int)
}
