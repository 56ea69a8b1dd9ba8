//! Tables of exception cases.

diesel::table! {
    exception_cases (id) {
        id -> Text,
        side -> Text,
        partner -> Text,
        purchase_order -> Text,
        advice -> Text,
        delivery -> Text,
        document -> Nullable<BigInt>,
        state -> Text,
        opened_at -> BigInt,
        notify_by -> Nullable<BigInt>,
        answer_by -> Nullable<BigInt>,
        closed_at -> Nullable<BigInt>,
        reason -> Text,
        unlisted -> BigInt,
    }
}

diesel::table! {
    exception_items (case_id, id) {
        case_id -> Text,
        id -> Text,
        digest -> Text,
        number -> BigInt,
        kind -> Text,
        hda_group -> Text,
        trouble -> Text,
        finding -> Nullable<Text>,
        request -> Text,
        answer -> Text,
        settled_at -> Nullable<BigInt>,
        settled_by -> Nullable<BigInt>,
        settled_event -> Nullable<Text>,
        settled_why -> Text,
    }
}

diesel::table! {
    exception_messages (id) {
        id -> Text,
        case_id -> Text,
        kind -> Text,
        incoming -> Bool,
        kept_at -> BigInt,
        who -> Text,
        body -> Text,
    }
}

diesel::table! {
    exception_steps (case_id, number) {
        case_id -> Text,
        number -> BigInt,
        at -> BigInt,
        who -> Text,
        step -> Text,
        state_before -> Text,
        state_after -> Text,
        item -> Nullable<Text>,
        why -> Text,
    }
}
