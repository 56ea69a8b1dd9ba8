CREATE INDEX documents_by_sender ON documents (sender, ticket);
