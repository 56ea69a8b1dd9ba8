-- PostgreSQL's triggers call a function: the next migration says when.
CREATE FUNCTION verifications_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'verifications are append-only';
END
$$;
