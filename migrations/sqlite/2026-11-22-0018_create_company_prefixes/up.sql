CREATE TABLE company_prefixes (
    prefix TEXT NOT NULL PRIMARY KEY,
    length BIGINT NOT NULL,
    origin TEXT NOT NULL
);
