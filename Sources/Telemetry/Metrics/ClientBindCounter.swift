/// Binds by client program and version. Versions are only those the operator has listed: what a client sends never
/// becomes a label.
struct ClientBindCounter: Sendable {
    /// Versions that get a series of their own at most.
    static let maximumVersions = 32

    private let versions: [String]
    private let cells: MetricCells

    init(_ table: inout MetricLayout, listedVersions: [String]) {
        var versions: [String] = []
        for version in listedVersions where version != "other" && !versions.contains(version) {
            versions.append(version)
        }
        versions = versions.prefix(Self.maximumVersions) + ["other"]
        self.versions = versions
        cells = table.counter(
            "wormhole_mailbox_client_binds_total",
            "Binds by client program, and by version for the versions the operator has listed.",
            unit: .binds,
            .stable,
            listed: LabelSpace<ClientImplementation>.labels + [MetricFamily.Label(name: "version", values: versions)]
        )
    }

    func add(_ implementation: ClientImplementation, version: String?) {
        // By its bytes: what clients send can be slow to compare as text.
        let listed = version.flatMap { version in
            versions.firstIndex { $0.utf8.elementsEqual(version.utf8) }
        }
        cells.add(implementation.ordinal * versions.count + (listed ?? versions.count - 1), 1)
    }
}
