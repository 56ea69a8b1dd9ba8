CREATE TABLE delivery_tries (
    delivery TEXT NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    took BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    request TEXT NOT NULL,
    answer TEXT NOT NULL,
    PRIMARY KEY (delivery, number)
);
