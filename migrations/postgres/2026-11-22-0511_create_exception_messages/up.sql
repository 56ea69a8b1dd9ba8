CREATE TABLE exception_messages (
    id TEXT NOT NULL PRIMARY KEY,
    case_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    incoming BOOLEAN NOT NULL,
    kept_at BIGINT NOT NULL,
    who TEXT NOT NULL,
    body TEXT NOT NULL
);
