CREATE TABLE arrival_keys (
    key TEXT NOT NULL PRIMARY KEY,
    arrival TEXT NOT NULL
);
