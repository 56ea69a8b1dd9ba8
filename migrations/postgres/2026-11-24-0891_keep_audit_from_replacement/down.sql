DROP TRIGGER audit_keeps_numbers ON audit;
