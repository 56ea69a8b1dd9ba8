DROP TABLE exception_items;
