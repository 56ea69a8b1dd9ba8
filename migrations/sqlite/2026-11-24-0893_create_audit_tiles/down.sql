DROP TABLE audit_tiles;
