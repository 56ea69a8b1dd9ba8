-- Documents that were published before.
INSERT INTO publications (id, ticket, published_at, events)
SELECT id, ticket, published_at, events FROM documents WHERE ticket IS NOT NULL;
