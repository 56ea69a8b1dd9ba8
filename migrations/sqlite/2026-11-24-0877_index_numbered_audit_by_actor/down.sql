DROP INDEX audit_by_actor;
