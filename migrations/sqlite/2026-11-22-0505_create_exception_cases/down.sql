DROP TABLE exception_cases;
