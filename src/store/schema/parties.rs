//! Tables of partners, of who is party to what, and of what is known of a document by whoever is not.

diesel::table! {
    document_parties (party, document) {
        party -> Text,
        document -> BigInt,
    }
}

diesel::table! {
    publications (id) {
        id -> BigInt,
        ticket -> BigInt,
        published_at -> BigInt,
        events -> BigInt,
    }
}

diesel::table! {
    partner_certificates (fingerprint) {
        fingerprint -> Text,
        partner -> Text,
        pinned_at -> BigInt,
        pinned_by -> Text,
    }
}

diesel::table! {
    partners (id) {
        id -> Text,
        name -> Text,
        body -> Text,
    }
}

diesel::table! {
    partner_identifiers (scheme, value) {
        scheme -> Text,
        value -> Text,
        partner -> Text,
    }
}
