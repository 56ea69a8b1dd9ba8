CREATE TABLE exception_items (
    case_id TEXT NOT NULL,
    id TEXT NOT NULL,
    digest TEXT NOT NULL,
    number BIGINT NOT NULL,
    kind TEXT NOT NULL,
    hda_group TEXT NOT NULL,
    trouble TEXT NOT NULL,
    finding TEXT,
    request TEXT NOT NULL,
    answer TEXT NOT NULL,
    settled_at BIGINT,
    settled_by BIGINT,
    settled_event TEXT,
    settled_why TEXT NOT NULL,
    PRIMARY KEY (case_id, id)
);
