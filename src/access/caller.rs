//! Who asks, what they may do, and what they see.

use std::sync::Arc;

use crate::access::Permission;
use crate::access::Permissions;
use crate::access::SpeaksFor;
use crate::gs1::Gln;

/// What the audit trail calls the operator of this gateway.
pub const OPERATOR: &str = "operator";

/// What the audit trail calls the gateway itself, where nobody else does what it does.
pub const GATEWAY: &str = "epcgate";

/// And who is asked for no proof.
const ANYONE: &str = "anyone";

/// Who asks the store or a job of work: every query takes one, so that partners are kept apart in one place. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller(Arc<Inner>);

#[derive(Debug, PartialEq, Eq)]
struct Inner {
    actor: String,
    permissions: Permissions,
    sight: Sight,
    speaks_for: SpeaksFor,
}

/// Which data a caller sees. What it does not see is for it as if it were not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// All there is.
    Everything,
    /// What one of these is a party to: sender, receiver, seller, buyer, owner or place.
    Parties(Vec<Gln>),
    /// No data.
    Nothing,
}

impl Sight {
    /// What one of ours with these permissions sees: everything, unless none of them is about data.
    pub fn of(permissions: Permissions) -> Sight {
        use Permission::*;
        let blind = [ManageAccess, ReadMeasures, Verify];
        if permissions.iter().all(|permission| blind.contains(&permission)) {
            Sight::Nothing
        } else {
            Sight::Everything
        }
    }
}

impl Caller {
    /// Someone with these permissions who sees this much. `actor` is as the audit trail names it: `operator`, `key:` and the
    /// name of a key, `person:` and a sign-in name.
    pub fn new(actor: impl Into<String>, permissions: Permissions, sight: Sight) -> Caller {
        Caller(Arc::new(Inner {
            actor: actor.into(),
            permissions,
            sight,
            speaks_for: SpeaksFor::These(Vec::new()),
        }))
    }

    /// The operator of this gateway, who may do everything and sees everything.
    pub fn operator() -> Caller {
        Caller::new(OPERATOR, Permissions::all(), Sight::Everything).speaking_for(SpeaksFor::Any)
    }

    /// The same, who asks for verifications in the name of these.
    pub fn speaking_for(self, speaks_for: SpeaksFor) -> Caller {
        let Inner { actor, permissions, sight, .. } = &*self.0;
        let (actor, permissions, sight) = (actor.clone(), *permissions, sight.clone());
        Caller(Arc::new(Inner { actor, permissions, sight, speaks_for }))
    }

    /// A stranger, who may ask us to verify where that is open to anyone.
    pub fn anyone() -> Caller {
        let permissions = [Permission::Verify].into_iter().collect();
        Caller::new(ANYONE, permissions, Sight::Nothing).speaking_for(SpeaksFor::Any)
    }

    /// As the audit trail names who asks.
    pub fn actor(&self) -> &str {
        &self.0.actor
    }

    /// Whether this may be done.
    pub fn may(&self, permission: Permission) -> bool {
        self.0.permissions.contains(permission)
    }

    /// Everything that may be done.
    pub fn permissions(&self) -> Permissions {
        self.0.permissions
    }

    /// Which data is seen.
    pub fn sight(&self) -> &Sight {
        &self.0.sight
    }

    /// To whom a decision is written down for which a request names somebody (`by`): the operator is believed, others are named too.
    pub fn signed(&self, by: Option<&str>) -> String {
        let by = by.map(str::trim).filter(|by| !by.is_empty() && *by != self.actor());
        match by {
            Some(by) if self.actor() == OPERATOR => by.to_owned(),
            Some(by) => format!("{by} ({})", self.actor()),
            None => self.actor().to_owned(),
        }
    }

    /// In whose name verifications may be asked for.
    pub fn speaks_for(&self) -> &SpeaksFor {
        &self.0.speaks_for
    }

    /// True for the operator, and whoever sees everything.
    pub fn sees_everything(&self) -> bool {
        self.0.sight == Sight::Everything
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operator_may_everything_and_others_what_they_are_given() {
        let operator = Caller::operator();
        assert!(Permission::ALL.into_iter().all(|permission| operator.may(permission)));
        assert!(operator.sees_everything() && operator.actor() == "operator");
        assert!(operator.speaks_for().covers("9521102000015"));
        let gln = Gln::parse("9521102000015").unwrap();
        let sight = Sight::Parties(vec![gln]);
        let partner = Caller::new("key:acme", [Permission::Capture].into_iter().collect(), sight.clone());
        assert!(partner.may(Permission::Capture) && !partner.may(Permission::ReadEvents));
        assert_eq!((partner.sight(), partner.sees_everything()), (&sight, false));
        assert!(!partner.speaks_for().covers("9521102000015"));
        assert_eq!(operator.signed(Some(" Ann ")), "Ann");
        assert_eq!((&*operator.signed(None), &*partner.signed(Some(""))), ("operator", "key:acme"));
        assert_eq!(partner.signed(Some("Ann")), "Ann (key:acme)");
        assert_eq!(Caller::anyone().permissions(), [Permission::Verify].into_iter().collect());
        assert!(partner.speaking_for(SpeaksFor::These(vec![gln])).speaks_for().covers("9521102000015"));
    }
}
