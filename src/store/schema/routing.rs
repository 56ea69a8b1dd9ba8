//! Tables of who answers for which product, and of questions that nobody has answered.

diesel::table! {
    directory_records (id) {
        id -> Text,
        digits -> Text,
        starts -> Text,
        ends -> Text,
        context -> Text,
        responder -> Text,
        provider -> Text,
        url -> Text,
        active -> Bool,
        source -> Text,
        modified_at -> Nullable<BigInt>,
        contact_name -> Text,
        email -> Text,
        phone -> Text,
        portal -> Text,
    }
}

diesel::table! {
    pending_verifications (id) {
        id -> Text,
        correlation -> Text,
        asked_at -> BigInt,
        next_at -> BigInt,
        tries -> BigInt,
        gtin -> Text,
        serial -> Text,
        lot -> Text,
        expiry -> Text,
        context -> Text,
        possession -> Nullable<Bool>,
        email -> Text,
        telephone -> Text,
        doubtful -> Bool,
    }
}

diesel::table! {
    directory_probes (record) {
        record -> Text,
        probed_at -> BigInt,
        sound -> Bool,
        said -> Text,
        failures -> BigInt,
        last_sound_at -> Nullable<BigInt>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(directory_records, directory_probes);
