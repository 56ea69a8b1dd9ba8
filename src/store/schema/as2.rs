//! Tables of AS2.

diesel::table! {
    as2_messages (delivery) {
        delivery -> Text,
        message_id -> Text,
        channel -> Text,
        sent_at -> BigInt,
        checks -> Text,
        answered_at -> Nullable<BigInt>,
        disposition -> Text,
        signer -> Text,
        receipt -> Binary,
    }
}
