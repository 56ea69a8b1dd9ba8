CREATE TABLE exception_steps (
    case_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    who TEXT NOT NULL,
    step TEXT NOT NULL,
    state_before TEXT NOT NULL,
    state_after TEXT NOT NULL,
    item TEXT,
    why TEXT NOT NULL,
    PRIMARY KEY (case_id, number)
);
