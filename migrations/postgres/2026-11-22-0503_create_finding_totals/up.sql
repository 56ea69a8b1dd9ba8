CREATE TABLE finding_totals (
    document BIGINT NOT NULL,
    rule TEXT NOT NULL,
    total BIGINT NOT NULL,
    PRIMARY KEY (document, rule)
);
