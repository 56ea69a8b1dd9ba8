DROP TABLE saleable_returns;
