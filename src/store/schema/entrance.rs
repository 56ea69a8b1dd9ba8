//! Tables of people, their sessions, and their ways in.

diesel::table! {
    people (id) {
        id -> Text,
        login -> Text,
        name -> Text,
        organisation -> Text,
        station -> Bool,
        roles -> Text,
        glns -> Text,
        password -> Nullable<Text>,
        issuer -> Text,
        subject -> Text,
        made_at -> BigInt,
        made_by -> Text,
        ends_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
        revoked_by -> Text,
        revoked_why -> Text,
        seen_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    sessions (digest) {
        digest -> Binary,
        person -> Text,
        made_at -> BigInt,
        used_at -> BigInt,
        ends_at -> BigInt,
    }
}

diesel::table! {
    one_time_links (digest) {
        digest -> Binary,
        person -> Text,
        made_at -> BigInt,
        ends_at -> BigInt,
    }
}

diesel::table! {
    sign_ins (state) {
        state -> Binary,
        browser -> Binary,
        provider -> Text,
        nonce -> Text,
        verifier -> Text,
        target -> Text,
        ends_at -> BigInt,
    }
}
