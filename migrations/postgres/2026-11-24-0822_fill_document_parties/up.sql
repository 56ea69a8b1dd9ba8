-- Documents that were there before: who sent and who received them.
INSERT INTO document_parties (party, document)
SELECT sender, id FROM documents WHERE sender <> ''
UNION
SELECT receiver, id FROM documents WHERE receiver <> '';
