DROP TABLE finding_objects;
