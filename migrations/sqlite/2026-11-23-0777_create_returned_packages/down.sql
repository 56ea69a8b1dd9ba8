DROP TABLE returned_packages;
