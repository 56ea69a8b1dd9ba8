DO $$
BEGIN
    DECLARE
        kept record;
    BEGIN
        FOR kept IN SELECT tablename FROM pg_policies WHERE policyname = 'parties_see_their_own' LOOP
            EXECUTE format('DROP POLICY parties_see_their_own ON %I', kept.tablename);
            EXECUTE format('ALTER TABLE %I DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY', kept.tablename);
        END LOOP;
    END;
END
$$;
