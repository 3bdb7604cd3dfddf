/// Why the appliance cannot start. Its description is one line for the person who started it.
package struct ApplianceError: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
