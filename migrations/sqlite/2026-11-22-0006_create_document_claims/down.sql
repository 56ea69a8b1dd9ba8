DROP TABLE document_claims;
