DROP INDEX open_holds_by_scope;
