CREATE INDEX audit_by_object ON audit (object, at, number);
