CREATE TABLE exception_cases (
    id TEXT NOT NULL PRIMARY KEY,
    side TEXT NOT NULL,
    partner TEXT NOT NULL,
    purchase_order TEXT NOT NULL,
    advice TEXT NOT NULL,
    delivery TEXT NOT NULL,
    document BIGINT,
    state TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    notify_by BIGINT,
    answer_by BIGINT,
    closed_at BIGINT,
    reason TEXT NOT NULL,
    unlisted BIGINT NOT NULL
);
