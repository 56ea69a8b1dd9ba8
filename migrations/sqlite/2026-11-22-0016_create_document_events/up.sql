CREATE TABLE document_events (
    document BIGINT NOT NULL,
    position BIGINT NOT NULL,
    event BIGINT NOT NULL,
    PRIMARY KEY (document, position)
) WITHOUT ROWID;
