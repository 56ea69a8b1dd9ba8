-- INSERT OR REPLACE takes a row away without any trigger of deletion; the same row once more is only passed over.
CREATE TRIGGER verifications_keep_names BEFORE INSERT ON verifications WHEN EXISTS (
    SELECT 1 FROM verifications WHERE id = NEW.id AND (
        at, direction, gtin, serial, lot, expiry, context, requester, responder, provider, correlation, status,
        verified, reason, info, verdict, basis, took, due, evidence
    ) IS NOT (
        NEW.at, NEW.direction, NEW.gtin, NEW.serial, NEW.lot, NEW.expiry, NEW.context, NEW.requester, NEW.responder,
        NEW.provider, NEW.correlation, NEW.status, NEW.verified, NEW.reason, NEW.info, NEW.verdict, NEW.basis,
        NEW.took, NEW.due, NEW.evidence
    )
)
BEGIN
    SELECT RAISE(ABORT, 'verifications are append-only');
END;
