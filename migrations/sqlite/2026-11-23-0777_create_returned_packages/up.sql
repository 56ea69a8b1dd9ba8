CREATE TABLE returned_packages (
    saleable_return TEXT NOT NULL,
    line BIGINT NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (saleable_return, line, key)
) WITHOUT ROWID;
