CREATE TABLE mail_occasions (
    occasion TEXT NOT NULL PRIMARY KEY,
    mailed_at BIGINT NOT NULL
);
