-- SQLite keeps the journal in a file of its own beside the database, and this table empty.
CREATE TABLE IF NOT EXISTS verification_journal (
    id INTEGER NOT NULL PRIMARY KEY,
    body BLOB NOT NULL
);
