CREATE INDEX document_claims_by_document ON document_claims (document);
