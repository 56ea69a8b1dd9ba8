CREATE TABLE as2_messages (
    delivery TEXT NOT NULL PRIMARY KEY,
    message_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    sent_at BIGINT NOT NULL,
    checks TEXT NOT NULL,
    answered_at BIGINT,
    disposition TEXT NOT NULL,
    signer TEXT NOT NULL,
    receipt BLOB NOT NULL
) WITHOUT ROWID;
