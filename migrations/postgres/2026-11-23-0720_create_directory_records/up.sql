CREATE TABLE directory_records (
    id TEXT NOT NULL PRIMARY KEY,
    digits TEXT NOT NULL,
    starts TEXT NOT NULL,
    ends TEXT NOT NULL,
    context TEXT NOT NULL,
    responder TEXT NOT NULL,
    provider TEXT NOT NULL,
    url TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    source TEXT NOT NULL,
    modified_at BIGINT,
    contact_name TEXT NOT NULL,
    email TEXT NOT NULL,
    phone TEXT NOT NULL,
    portal TEXT NOT NULL
);
