-- Numbers count from 0, as the leaves of a tree do.
INSERT INTO audit (number, at, actor, act, object, outcome, why, before, after, detail)
SELECT row_number() OVER (ORDER BY at, id) - 1, at, actor, act, object, outcome, '', '', '', detail FROM audit_before;
