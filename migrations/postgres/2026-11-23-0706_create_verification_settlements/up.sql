CREATE TABLE verification_settlements (
    verification TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    who TEXT NOT NULL,
    why TEXT NOT NULL
);
