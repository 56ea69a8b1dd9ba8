CREATE INDEX open_holds_by_scope ON holds (scope) WHERE released_at IS NULL;
