//! Tables of what is exchanged with partners.

diesel::table! {
    channels (id) {
        id -> Text,
        partner -> Text,
        kind -> Text,
        events -> Bool,
        body -> Text,
        made_at -> BigInt,
        last_number -> BigInt,
        next_at -> Nullable<BigInt>,
        owner -> Text,
        lease_until -> Nullable<BigInt>,
        failing_since -> Nullable<BigInt>,
        paused_at -> Nullable<BigInt>,
        paused_why -> Text,
    }
}

diesel::table! {
    deliveries (id) {
        id -> Text,
        channel -> Text,
        partner -> Text,
        number -> BigInt,
        key -> Text,
        cargo -> Text,
        name -> Text,
        media_type -> Text,
        document -> Nullable<BigInt>,
        body -> Binary,
        state -> Text,
        tries -> BigInt,
        tried_at -> Nullable<BigInt>,
        made_at -> BigInt,
        next_at -> Nullable<BigInt>,
        ended_at -> Nullable<BigInt>,
        note -> Text,
    }
}

diesel::table! {
    delivery_tries (delivery, number) {
        delivery -> Text,
        number -> BigInt,
        at -> BigInt,
        took -> BigInt,
        outcome -> Text,
        request -> Text,
        answer -> Text,
    }
}

diesel::table! {
    arrivals (id) {
        id -> Text,
        channel -> Text,
        partner -> Text,
        message_id -> Text,
        name -> Text,
        sha256 -> Text,
        size -> BigInt,
        arrived_at -> BigInt,
        document -> BigInt,
        job -> Text,
        resent -> BigInt,
        resent_at -> Nullable<BigInt>,
        receipt -> Binary,
        next_at -> Nullable<BigInt>,
        outcome -> Text,
        answered_at -> Nullable<BigInt>,
        answer -> Text,
    }
}

diesel::table! {
    arrival_keys (key) {
        key -> Text,
        arrival -> Text,
    }
}

diesel::table! {
    channel_turns (channel) {
        channel -> Text,
        owner -> Text,
        lease_until -> Nullable<BigInt>,
        due_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        failures -> BigInt,
        taken -> BigInt,
        said -> Text,
        mark -> Text,
    }
}
