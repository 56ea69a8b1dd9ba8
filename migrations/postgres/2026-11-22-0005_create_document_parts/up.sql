CREATE TABLE document_parts (
    document BIGINT NOT NULL,
    part BIGINT NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (document, part)
);
