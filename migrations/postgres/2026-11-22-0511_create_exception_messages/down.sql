DROP TABLE exception_messages;
