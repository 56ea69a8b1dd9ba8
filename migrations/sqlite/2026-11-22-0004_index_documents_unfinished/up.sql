CREATE INDEX documents_unfinished ON documents (lease_until) WHERE lease_until IS NOT NULL;
