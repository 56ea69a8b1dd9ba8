-- What a partner sees, enforced for every role but those that bypass row-level security, the owner of the tables too.
--
-- The setting epcgate.sight says who reads: '*' for whoever sees everything, else GLNs divided by spaces; where it is not set,
-- nothing is seen. EVERYTHING and OWN stand in subqueries, so that they are worked out once a statement. A condition that asks
-- another table is itself held to the policy of that table.
DO $$
BEGIN
    DECLARE
        everything CONSTANT text := '(SELECT current_setting(''epcgate.sight'', true)) = ''*''';
        own CONSTANT text := '((SELECT string_to_array(current_setting(''epcgate.sight'', true), '' ''))::text[])';
        seen CONSTANT text[] := ARRAY[
            ['document_parties', 'party = ANY (OWN)'],
            ['documents', 'EXISTS (SELECT 1 FROM document_parties p WHERE p.document = documents.id)'],
            ['document_parts', 'EXISTS (SELECT 1 FROM documents d WHERE d.id = document_parts.document)'],
            ['capture_jobs', 'EXISTS (SELECT 1 FROM documents d WHERE d.id = capture_jobs.document)'],
            ['events', 'string_to_array(btrim(parties), '' '') && OWN
                OR EXISTS (SELECT 1 FROM document_parties p WHERE p.document = events.document)
                OR EXISTS (SELECT 1 FROM document_events l JOIN document_parties p ON p.document = l.document
                    JOIN publications o ON o.id = l.document WHERE l.event = events.id)'],
            ['findings', 'EXISTS (SELECT 1 FROM documents d WHERE d.id = findings.document)'],
            ['finding_totals', 'EXISTS (SELECT 1 FROM documents d WHERE d.id = finding_totals.document)'],
            ['finding_objects', 'EXISTS (SELECT 1 FROM findings f WHERE f.id = finding_objects.finding)'],
            ['shipments', 'EXISTS (SELECT 1 FROM events e WHERE e.id = shipments.id)'],
            ['shipment_transactions',
                'EXISTS (SELECT 1 FROM shipments s WHERE s.id = shipment_transactions.shipment)'],
            ['shipment_roots', 'EXISTS (SELECT 1 FROM shipments s WHERE s.id = shipment_roots.shipment)'],
            ['shipment_units', 'EXISTS (SELECT 1 FROM shipments s WHERE s.id = shipment_units.shipment)'],
            ['exception_cases', 'partner = ANY (OWN)'],
            ['exception_items', 'EXISTS (SELECT 1 FROM exception_cases c WHERE c.id = exception_items.case_id)'],
            ['exception_messages',
                'EXISTS (SELECT 1 FROM exception_cases c WHERE c.id = exception_messages.case_id)'],
            ['exception_steps', 'EXISTS (SELECT 1 FROM exception_cases c WHERE c.id = exception_steps.case_id)'],
            ['orders', 'buyer = ANY (OWN) OR seller = ANY (OWN)'],
            ['partner_identifiers', 'scheme = ''gln'' AND value = ANY (OWN)'],
            ['partners', 'EXISTS (SELECT 1 FROM partner_identifiers i WHERE i.partner = partners.id)'],
            ['holds', 'false'],
            ['receipts', 'false'],
            ['receipt_shipments', 'EXISTS (SELECT 1 FROM shipments s WHERE s.id = receipt_shipments.shipment)'],
            ['saleable_returns', 'false'],
            ['api_keys', 'false']
        ];
        pair text[];
    BEGIN
        FOREACH pair SLICE 1 IN ARRAY seen LOOP
            EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', pair[1]);
            EXECUTE format('CREATE POLICY parties_see_their_own ON %I USING (', pair[1])
                || everything || ' OR ' || replace(pair[2], 'OWN', own) || ')';
        END LOOP;
    END;
END
$$;
