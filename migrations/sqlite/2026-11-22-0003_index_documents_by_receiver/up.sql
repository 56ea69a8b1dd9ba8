CREATE INDEX documents_by_receiver ON documents (receiver, ticket);
