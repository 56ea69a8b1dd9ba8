DELETE FROM document_parties;
