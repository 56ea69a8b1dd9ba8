CREATE TABLE finding_objects (
    object TEXT NOT NULL,
    finding TEXT NOT NULL,
    PRIMARY KEY (object, finding)
);
