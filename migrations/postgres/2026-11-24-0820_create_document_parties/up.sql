CREATE TABLE document_parties (
    party TEXT NOT NULL,
    document BIGINT NOT NULL,
    PRIMARY KEY (party, document)
);
