//! The tables; what their columns mean stands with the code that writes them.

mod as2;
mod entrance;
mod exceptions;
mod exchange;
mod onboarding;
mod parties;
mod post;
mod returns;

pub use as2::as2_messages;
pub use entrance::one_time_links;
pub use entrance::people;
pub use entrance::sessions;
pub use entrance::sign_ins;
pub use exceptions::exception_cases;
pub use exceptions::exception_items;
pub use exceptions::exception_messages;
pub use exceptions::exception_steps;
pub use exchange::arrival_keys;
pub use exchange::arrivals;
pub use exchange::channel_turns;
pub use exchange::channels;
pub use exchange::deliveries;
pub use exchange::delivery_tries;
pub use onboarding::partner_invitations;
pub use onboarding::partner_states;
pub use onboarding::partner_trials;
pub use parties::document_parties;
pub use parties::partner_certificates;
pub use parties::partner_identifiers;
pub use parties::partners;
pub use parties::publications;
pub use post::mail_occasions;
pub use post::mails;
pub use returns::returned_packages;
pub use returns::returned_units;
pub use returns::saleable_returns;

mod routing;

pub use routing::directory_probes;
pub use routing::directory_records;
pub use routing::pending_verifications;

diesel::table! {
    documents (id) {
        id -> BigInt,
        ticket -> Nullable<BigInt>,
        state -> Text,
        sha256 -> Nullable<Binary>,
        size -> BigInt,
        sender -> Text,
        receiver -> Text,
        instance_identifier -> Text,
        kind -> Text,
        syntax -> Text,
        header -> Nullable<Binary>,
        received_at -> BigInt,
        published_at -> Nullable<BigInt>,
        events -> BigInt,
        owner -> Nullable<Text>,
        lease_until -> Nullable<BigInt>,
        reconciled_at -> Nullable<BigInt>,
        reconcile_lease -> Nullable<BigInt>,
    }
}

diesel::table! {
    document_parts (document, part) {
        document -> BigInt,
        part -> BigInt,
        bytes -> Binary,
    }
}

diesel::table! {
    document_claims (claim) {
        claim -> Text,
        document -> BigInt,
    }
}

diesel::table! {
    capture_jobs (id) {
        id -> Text,
        document -> BigInt,
        behaviour -> Text,
        running -> Bool,
        success -> Bool,
        created_at -> BigInt,
        finished_at -> Nullable<BigInt>,
        owner -> Nullable<Text>,
        lease_until -> Nullable<BigInt>,
        attempts -> BigInt,
        events_read -> BigInt,
        events_stored -> BigInt,
        events_linked -> BigInt,
        defects -> Binary,
    }
}

diesel::table! {
    events (id) {
        id -> BigInt,
        document -> BigInt,
        position -> BigInt,
        event_id -> Nullable<Text>,
        hash -> Binary,
        error_declared -> Bool,
        event_time -> BigInt,
        kind -> Text,
        action -> Nullable<Text>,
        biz_step -> Nullable<Text>,
        disposition -> Nullable<Text>,
        read_point -> Nullable<Text>,
        biz_location -> Nullable<Text>,
        parties -> Text,
        body -> Binary,
    }
}

diesel::table! {
    event_terms (block, key, event, role) {
        block -> BigInt,
        key -> BigInt,
        event -> BigInt,
        role -> BigInt,
    }
}

diesel::table! {
    term_blocks (id) {
        id -> BigInt,
        lane -> BigInt,
        used -> BigInt,
    }
}

diesel::table! {
    event_identities (key, event) {
        key -> BigInt,
        event -> BigInt,
    }
}

diesel::table! {
    document_events (document, position) {
        document -> BigInt,
        position -> BigInt,
        event -> BigInt,
    }
}

diesel::table! {
    counters (name) {
        name -> Text,
        value -> BigInt,
    }
}

diesel::table! {
    company_prefixes (prefix) {
        prefix -> Text,
        length -> BigInt,
        origin -> Text,
    }
}

diesel::table! {
    findings (id) {
        id -> Text,
        document -> BigInt,
        rule -> Text,
        severity -> Text,
        event -> Nullable<BigInt>,
        objects -> Text,
        message -> Text,
        found_at -> BigInt,
        closed_at -> Nullable<BigInt>,
        closed_by -> Nullable<BigInt>,
        closed_why -> Text,
    }
}

diesel::table! {
    finding_totals (document, rule) {
        document -> BigInt,
        rule -> Text,
        total -> BigInt,
    }
}

diesel::table! {
    finding_objects (object, finding) {
        object -> Text,
        finding -> Text,
    }
}

diesel::table! {
    lots (id) {
        id -> BigInt,
        gtin -> Text,
        lot -> Text,
        expiry -> Text,
        commissioned -> BigInt,
    }
}

diesel::table! {
    items (key) {
        key -> Text,
        lot -> Nullable<BigInt>,
        commissioned -> Nullable<BigInt>,
        parent -> Nullable<Text>,
        packed -> Nullable<BigInt>,
        moved -> Nullable<BigInt>,
        shipped -> Nullable<BigInt>,
        ended -> Nullable<BigInt>,
        emptied -> Nullable<BigInt>,
    }
}

// A view: an item with what it is in, its lot, and whether anything may hold it.
diesel::table! {
    assigned_identifiers (key) {
        key -> Text,
        commissioned -> Nullable<BigInt>,
        ended -> Nullable<BigInt>,
        parent -> Nullable<Text>,
        second -> Nullable<Text>,
        third -> Nullable<Text>,
        lot -> Nullable<Text>,
        expiry -> Nullable<Text>,
        held -> Bool,
    }
}

diesel::table! {
    shipments (id) {
        id -> BigInt,
        document -> BigInt,
        time -> BigInt,
        seller -> Text,
        buyer -> Text,
        ship_from -> Text,
        ship_to -> Text,
        units -> BigInt,
    }
}

diesel::table! {
    shipment_transactions (value, shipment, kind) {
        value -> Text,
        shipment -> BigInt,
        kind -> Text,
        uri -> Text,
    }
}

diesel::table! {
    shipment_roots (shipment, root) {
        shipment -> BigInt,
        root -> Text,
    }
}

diesel::table! {
    shipment_units (shipment, block) {
        shipment -> BigInt,
        block -> BigInt,
        last_key -> Text,
        body -> Binary,
    }
}

diesel::table! {
    void_events (key) {
        key -> BigInt,
        declared_by -> BigInt,
    }
}

diesel::table! {
    audit (number) {
        number -> BigInt,
        at -> BigInt,
        actor -> Text,
        act -> Text,
        object -> Text,
        outcome -> Text,
        why -> Text,
        before -> Text,
        after -> Text,
        detail -> Text,
    }
}

diesel::table! {
    holds (id) {
        id -> Text,
        kind -> Text,
        scope -> Text,
        subject -> Text,
        epc -> Text,
        gtin -> Text,
        lot -> Text,
        first_serial -> Text,
        last_serial -> Text,
        opened_at -> BigInt,
        opened_by -> Text,
        opened_why -> Text,
        released_at -> Nullable<BigInt>,
        released_by -> Text,
        released_why -> Text,
    }
}

diesel::table! {
    products (item, source, variant) {
        item -> Text,
        source -> Text,
        variant -> Text,
        rank -> BigInt,
        sender -> Text,
        gtin -> Text,
        ndc -> Text,
        ndc_format -> Text,
        proprietary_name -> Text,
        established_name -> Text,
        manufacturer -> Text,
        dosage_form -> Text,
        strength -> Text,
        container_size -> Text,
        level -> Text,
        units_per_case -> BigInt,
        unit_gtin -> Text,
        search -> Text,
        place -> Text,
        line -> BigInt,
        said_at -> BigInt,
    }
}

diesel::table! {
    ndc_listings (id) {
        id -> Text,
        proprietary_name -> Text,
        established_name -> Text,
        manufacturer -> Text,
        dosage_form -> Text,
        strength -> Text,
        search -> Text,
        place -> Text,
        line -> BigInt,
        said_at -> BigInt,
    }
}

diesel::table! {
    receipts (id) {
        id -> Text,
        against -> Text,
        shipment -> Nullable<BigInt>,
        purchase_order -> Text,
        place -> Text,
        whole_files -> Bool,
        state -> Text,
        opened_at -> BigInt,
        opened_by -> Text,
        closed_at -> Nullable<BigInt>,
        closed_by -> Text,
        rounds -> BigInt,
        scanned -> BigInt,
        inferred -> BigInt,
        faulty -> BigInt,
    }
}

diesel::table! {
    receipt_units (receipt, key) {
        receipt -> Text,
        key -> Text,
        epc -> Text,
        observed -> Text,
        through -> Text,
        verdict -> Text,
        why -> Text,
        label_lot -> Text,
        label_expiry -> Text,
        data_lot -> Text,
        data_expiry -> Text,
        contents -> Nullable<BigInt>,
        shipment -> Nullable<BigInt>,
        seen_at -> BigInt,
        times -> BigInt,
        round -> Nullable<BigInt>,
    }
}

diesel::table! {
    receipt_shipments (shipment, receipt) {
        shipment -> BigInt,
        receipt -> Text,
    }
}

diesel::table! {
    orders (kind, number, issuer) {
        kind -> Text,
        number -> Text,
        issuer -> Text,
        buyer -> Text,
        seller -> Text,
        day -> Text,
        imported_at -> BigInt,
        body -> Text,
    }
}

diesel::table! {
    advice_orders (number, issuer, advice_number, advice_issuer) {
        number -> Text,
        issuer -> Text,
        advice_number -> Text,
        advice_issuer -> Text,
    }
}

diesel::table! {
    verifications (id) {
        id -> Text,
        at -> BigInt,
        direction -> Text,
        gtin -> Text,
        serial -> Text,
        lot -> Text,
        expiry -> Text,
        context -> Text,
        requester -> Text,
        responder -> Text,
        provider -> Text,
        correlation -> Text,
        status -> BigInt,
        verified -> Nullable<Bool>,
        reason -> Text,
        info -> Text,
        verdict -> Text,
        basis -> Text,
        took -> BigInt,
        due -> Nullable<BigInt>,
        evidence -> Text,
    }
}

diesel::table! {
    verification_settlements (verification) {
        verification -> Text,
        at -> BigInt,
        who -> Text,
        why -> Text,
    }
}

diesel::table! {
    api_keys (id) {
        id -> Text,
        name -> Text,
        digest -> Binary,
        glns -> Text,
        scopes -> Text,
        made_at -> BigInt,
        made_by -> Text,
        expires_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
        revoked_by -> Text,
        revoked_why -> Text,
        used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    audit_tiles (level, tile) {
        level -> BigInt,
        tile -> BigInt,
        root -> Binary,
        hashes -> Binary,
    }
}

diesel::table! {
    audit_checkpoints (size, signer) {
        size -> BigInt,
        signer -> Text,
        at -> BigInt,
        note -> Text,
    }
}

diesel::table! {
    verification_journal (id) {
        id -> BigInt,
        body -> Binary,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    documents,
    document_parts,
    document_parties,
    publications,
    partner_certificates,
    document_claims,
    capture_jobs,
    events,
    holds,
    audit,
    event_terms,
    term_blocks,
    event_identities,
    document_events,
    counters,
    company_prefixes,
    findings,
    finding_totals,
    finding_objects,
    lots,
    items,
    shipments,
    shipment_transactions,
    shipment_roots,
    shipment_units,
    void_events,
    partners,
    partner_identifiers,
    exception_cases,
    exception_items,
    exception_messages,
    exception_steps,
    ndc_listings,
    products,
    receipts,
    receipt_units,
    receipt_shipments,
    orders,
    advice_orders,
    verifications,
    verification_settlements,
    api_keys,
    channels,
    deliveries,
    delivery_tries,
    arrivals,
    arrival_keys,
    saleable_returns,
    returned_units,
    returned_packages,
    partner_invitations,
    partner_states,
    partner_trials,
);
