CREATE INDEX returned_packages_by_key ON returned_packages (key);
