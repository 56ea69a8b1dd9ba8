CREATE INDEX document_parties_by_document ON document_parties (document);
