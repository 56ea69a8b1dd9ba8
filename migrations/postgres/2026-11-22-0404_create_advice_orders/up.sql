CREATE TABLE advice_orders (
    number TEXT NOT NULL,
    issuer TEXT NOT NULL,
    advice_number TEXT NOT NULL,
    advice_issuer TEXT NOT NULL,
    PRIMARY KEY (number, issuer, advice_number, advice_issuer)
);
