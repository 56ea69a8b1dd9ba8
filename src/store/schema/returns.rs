//! Tables of saleable returns.

diesel::table! {
    saleable_returns (id) {
        id -> Text,
        client_key -> Text,
        digest -> Text,
        customer -> Text,
        authorisation -> Text,
        place -> Text,
        state -> Text,
        opened_at -> BigInt,
        opened_by -> Text,
        closed_at -> Nullable<BigInt>,
        closed_by -> Text,
        scans -> BigInt,
        owner -> Nullable<Text>,
        lease_until -> Nullable<BigInt>,
    }
}

diesel::table! {
    returned_units (saleable_return, line) {
        saleable_return -> Text,
        line -> BigInt,
        scan -> Text,
        key -> Text,
        epc -> Text,
        label_lot -> Text,
        label_expiry -> Text,
        decision -> Text,
        reason -> Text,
        next_step -> Text,
        checks -> Text,
        packages -> Nullable<BigInt>,
        decided_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    returned_packages (saleable_return, line, key) {
        saleable_return -> Text,
        line -> BigInt,
        key -> Text,
    }
}
