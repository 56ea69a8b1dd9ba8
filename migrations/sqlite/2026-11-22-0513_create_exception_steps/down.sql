DROP TABLE exception_steps;
