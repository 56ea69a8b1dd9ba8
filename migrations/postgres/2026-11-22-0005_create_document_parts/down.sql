DROP TABLE document_parts;
