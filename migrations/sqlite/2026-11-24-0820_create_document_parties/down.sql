DROP TABLE document_parties;
