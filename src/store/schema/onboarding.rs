//! The tables of partners on their way: their states, invitations and test files.

diesel::table! {
    partner_states (partner) {
        partner -> Text,
        state -> Text,
        changed_at -> BigInt,
        changed_by -> Text,
        why -> Text,
    }
}

diesel::table! {
    partner_invitations (id) {
        id -> Text,
        partner -> Text,
        digest -> Binary,
        made_at -> BigInt,
        made_by -> Text,
        expires_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
        revoked_by -> Text,
        revoked_why -> Text,
        most_uploads -> BigInt,
        most_bytes -> BigInt,
        uploads -> BigInt,
        bytes -> BigInt,
    }
}

diesel::table! {
    partner_trials (id) {
        id -> Text,
        partner -> Text,
        invitation -> Text,
        tried_at -> BigInt,
        name -> Text,
        bytes -> BigInt,
        form -> Text,
        grade -> Text,
        report -> Text,
    }
}
