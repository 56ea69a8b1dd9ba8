CREATE UNIQUE INDEX people_by_login ON people (login);
