DROP TABLE directory_records;
