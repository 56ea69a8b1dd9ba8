DROP INDEX people_by_login;
