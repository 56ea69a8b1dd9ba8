DROP TABLE directory_probes;
