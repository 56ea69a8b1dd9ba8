//! Who asks.

/// Who asks the store or a job of work: every query takes one, so that partners can be kept apart in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller(Role);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Role {
    Operator,
}

impl Caller {
    /// The operator of this gateway, who sees everything.
    pub fn operator() -> Caller {
        Caller(Role::Operator)
    }

    /// True for the operator.
    pub fn is_operator(&self) -> bool {
        self.0 == Role::Operator
    }
}
