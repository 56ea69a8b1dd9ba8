-- The containers of a container are looked up only where some item or container is held at all.
-- Where a build of 23 November already made it so, in the migration before, it stays.
CREATE OR REPLACE VIEW assigned_identifiers WITH (security_invoker = true) AS
SELECT
    unit.key,
    unit.commissioned,
    unit.ended,
    unit.parent,
    above.parent AS second,
    higher.parent AS third,
    lots.lot,
    lots.expiry,
    EXISTS (SELECT 1 FROM holds WHERE gtin = substr(unit.key, 5, 14) AND released_at IS NULL)
        OR EXISTS (SELECT 1 FROM holds WHERE subject = unit.parent AND released_at IS NULL)
        OR EXISTS (SELECT 1 FROM holds WHERE subject = above.parent AND released_at IS NULL) AS held
FROM items unit
LEFT JOIN lots ON lots.id = unit.lot
LEFT JOIN items above ON above.key = CASE
    WHEN EXISTS (SELECT 1 FROM holds WHERE scope = 'item' AND released_at IS NULL) THEN unit.parent
END
LEFT JOIN items higher ON higher.key = above.parent;
