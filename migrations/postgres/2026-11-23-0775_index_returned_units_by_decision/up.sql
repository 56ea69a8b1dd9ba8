CREATE INDEX returned_units_by_decision ON returned_units (saleable_return, decision, line);
