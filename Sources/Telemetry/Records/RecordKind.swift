/// The kinds of usage records, spelled as in the JSON log and in the metrics.
package enum RecordKind: String, CaseIterable, Sendable {
    case nameplate, mailbox, transit
    case clientVersion = "client_version"
}
