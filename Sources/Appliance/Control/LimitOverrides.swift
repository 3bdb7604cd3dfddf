internal import Admin

/// The limits that are not what the process was started with: those that are kept in the state folder, and over them those that
/// were changed for as long as it runs.
struct LimitOverrides: Equatable, Sendable {
    /// As the file has them.
    var persisted: [String: Int] = [:]
    /// Over the persisted; `nil` for what the process was started with.
    private var passing: [String: Int?] = [:]

    init(persisted: [String: Int] = [:]) {
        self.persisted = persisted
    }

    /// Puts others in force.
    ///
    /// - Throws: `AdminRefusal`, naming the first that is no limit of a service that runs, or cannot be what is asked for. Nothing is
    ///   changed then.
    mutating func apply(_ change: AdminLimitChange, to configuration: ApplianceConfiguration) throws(AdminRefusal) {
        for (name, value) in change.values.sorted(by: { $0.key < $1.key }) {
            guard LimitTable.has(name, in: configuration) else {
                throw AdminRefusal(.unacceptable, "there is no limit of this name: \(name.prefix(60))")
            }
            if let problem = Self.problem(with: value ?? 0, of: name) { throw AdminRefusal(.unacceptable, problem) }
        }
        if change.resetsOthers {
            passing = change.persists ? [:] : persisted.mapValues { _ in nil }
            if change.persists { persisted = [:] }
        }
        for (name, value) in change.values {
            if change.persists {
                persisted[name] = value
                passing[name] = nil
            } else if value == nil, persisted[name] == nil {
                passing[name] = nil
            } else {
                passing.updateValue(value, forKey: name)
            }
        }
    }

    /// Takes over what the file has now. Limits that it has not changed stay what they are.
    mutating func reload(_ persisted: [String: Int]) {
        for name in Set(persisted.keys).union(self.persisted.keys) where persisted[name] != self.persisted[name] {
            passing[name] = nil
        }
        self.persisted = persisted
    }

    /// A configuration with the limits that are in force.
    ///
    /// - Parameter configuration: What the process was started with.
    func applied(to configuration: ApplianceConfiguration) -> ApplianceConfiguration {
        var result = configuration
        for (name, value) in persisted where passing[name] == nil { LimitTable.set(name, to: value, in: &result) }
        for case (let name, let value?) in passing { LimitTable.set(name, to: value, in: &result) }
        return result
    }

    /// Where the value of a limit comes from; `nil` for what the process was started with.
    func origin(of name: String) -> AdminSetting.Origin? {
        if let passing = passing[name] { return passing == nil ? nil : .changed }
        return persisted[name] == nil ? nil : .persisted
    }

    /// Those that are kept, for the log.
    var summary: String {
        persisted.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    }

    /// What keeps a limit from being this; `nil` when nothing does.
    static func problem(with value: Int, of name: String) -> String? {
        if let obstacle = AdminLimit.obstacle(to: name) {
            return "\(name) cannot be changed while the process runs: \(obstacle)"
        }
        guard let maximum = AdminLimit.maximum(of: name) else {
            return "there is no limit of this name: \(name.prefix(60))"
        }
        return (0...maximum).contains(value) ? nil : "\(name) is a whole number from 0 to \(maximum)"
    }
}
