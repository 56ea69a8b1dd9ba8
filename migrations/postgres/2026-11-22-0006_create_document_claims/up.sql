CREATE TABLE document_claims (
    claim TEXT NOT NULL PRIMARY KEY,
    document BIGINT NOT NULL
);
