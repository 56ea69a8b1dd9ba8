CREATE INDEX audit_by_actor ON audit (actor, at, number);
