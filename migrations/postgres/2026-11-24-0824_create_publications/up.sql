-- What may be known of a document by whoever sees an event of it, but not the document: when it was published.
CREATE TABLE publications (
    id BIGINT PRIMARY KEY,
    ticket BIGINT NOT NULL UNIQUE,
    published_at BIGINT NOT NULL,
    events BIGINT NOT NULL
);
