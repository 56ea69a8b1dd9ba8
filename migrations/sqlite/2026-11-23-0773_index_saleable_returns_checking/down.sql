DROP INDEX saleable_returns_checking;
