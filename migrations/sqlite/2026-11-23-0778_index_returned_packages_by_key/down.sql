DROP INDEX returned_packages_by_key;
