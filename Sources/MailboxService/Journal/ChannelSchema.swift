/// The tables of the channel database, version 1, which every release of the original server opens.
///
/// Source: mailbox protocol, section on persistence. Tables, columns and indices are exactly these, so that either server can
/// open the other's file; version 2 has three more tables, which are left alone.
enum ChannelSchema {
    /// The version new files have.
    static let version = 1
    /// The versions that are opened, and kept as they are.
    static let knownVersions = 1...2

    /// Bytes of a page of a new file. A commit writes every page it changes whole, and ours change a few rows in each of
    /// many tables: smaller pages than SQLite's own 4,096 save a fifth of a commit.
    static let pageSize = 1024

    static let creation = """
        CREATE TABLE version (version INTEGER);
        CREATE TABLE mailboxes (
            app_id VARCHAR,
            id VARCHAR PRIMARY KEY,
            updated INTEGER,
            for_nameplate BOOLEAN
        );
        CREATE INDEX mailboxes_idx ON mailboxes (app_id, id);
        CREATE TABLE nameplates (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            app_id VARCHAR,
            name VARCHAR,
            mailbox_id VARCHAR REFERENCES mailboxes(id),
            request_id VARCHAR
        );
        CREATE INDEX nameplates_idx ON nameplates (app_id, name);
        CREATE INDEX nameplates_mailbox_idx ON nameplates (app_id, mailbox_id);
        CREATE INDEX nameplates_request_idx ON nameplates (app_id, request_id);
        CREATE TABLE nameplate_sides (
            nameplates_id REFERENCES nameplates(id),
            claimed BOOLEAN,
            side VARCHAR,
            added INTEGER
        );
        CREATE TABLE mailbox_sides (
            mailbox_id REFERENCES mailboxes(id),
            opened BOOLEAN,
            side VARCHAR,
            added INTEGER,
            mood VARCHAR
        );
        CREATE TABLE messages (
            app_id VARCHAR,
            mailbox_id VARCHAR,
            side VARCHAR,
            phase VARCHAR,
            body VARCHAR,
            server_rx INTEGER,
            msg_id VARCHAR
        );
        CREATE INDEX messages_idx ON messages (app_id, mailbox_id);
        INSERT INTO version (version) VALUES (1);
        """
}
