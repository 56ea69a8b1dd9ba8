//! Tables of the mail that we send.

diesel::table! {
    mails (id) {
        id -> Text,
        kind -> Text,
        recipient -> Text,
        subject -> Text,
        body -> Text,
        made_at -> BigInt,
        state -> Text,
        next_at -> BigInt,
        tries -> BigInt,
        ended_at -> Nullable<BigInt>,
        said -> Text,
    }
}

diesel::table! {
    mail_occasions (occasion) {
        occasion -> Text,
        mailed_at -> BigInt,
    }
}
