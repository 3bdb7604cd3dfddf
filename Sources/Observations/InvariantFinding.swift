/// State that should not exist. It is shown to operators, so it names no nameplate, token, side or address.
package struct InvariantFinding: Equatable, Sendable {
    package let check: InvariantCheck
    /// What is wrong, for people.
    package let what: String

    package init(_ check: InvariantCheck, _ what: String) {
        self.check = check
        self.what = what
    }
}
