//! Permission: one thing that a caller may do, and sets of them.

use std::fmt;

/// One thing that may be done. Every route asks for one (`access::ROUTES`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// Reads events, capture jobs, documents as received and what was found in them.
    ReadEvents,
    /// Reads what is traded: shipments, orders, despatch advices, transaction information.
    ReadTrade,
    /// Reads what we have: items and their history, receipts, returns, holds, verifications.
    ReadStock,
    /// Reads cases of what does not fit.
    ReadCases,
    /// Reads who and what there is: partners, products, who answers for them.
    ReadDirectory,
    /// Reads what travelled to and from partners, and what stands in the way.
    ReadExchange,
    /// Sends documents and events.
    Capture,
    /// Checks packages: scans them and asks their makers.
    Check,
    /// Receives goods and takes returns.
    Receive,
    /// Ships goods.
    Ship,
    /// Works on cases, holds product and releases it, settles what must be answered.
    Investigate,
    /// Brings in products, orders and who answers for which product.
    ManageCatalogue,
    /// Sets up trading partners.
    ManagePartners,
    /// Sets up channels; sends again what was sent.
    ManageExchange,
    /// Lets people and machines in, and shuts them out.
    ManageAccess,
    /// Reads who did what.
    ReadAudit,
    /// Reads the measures of this gateway.
    ReadMeasures,
    /// Asks us to verify product identifiers.
    Verify,
}

use Permission::*;

impl Permission {
    /// Every permission, in the order of their declaration.
    pub const ALL: [Permission; 18] = [
        ReadEvents,
        ReadTrade,
        ReadStock,
        ReadCases,
        ReadDirectory,
        ReadExchange,
        Capture,
        Check,
        Receive,
        Ship,
        Investigate,
        ManageCatalogue,
        ManagePartners,
        ManageExchange,
        ManageAccess,
        ReadAudit,
        ReadMeasures,
        Verify,
    ];

    /// The word for it, such as `read-events`.
    pub fn as_str(self) -> &'static str {
        match self {
            ReadEvents => "read-events",
            ReadTrade => "read-trade",
            ReadStock => "read-stock",
            ReadCases => "read-cases",
            ReadDirectory => "read-directory",
            ReadExchange => "read-exchange",
            Capture => "capture",
            Check => "check",
            Receive => "receive",
            Ship => "ship",
            Investigate => "investigate",
            ManageCatalogue => "manage-catalogue",
            ManagePartners => "manage-partners",
            ManageExchange => "manage-exchange",
            ManageAccess => "manage-access",
            ReadAudit => "read-audit",
            ReadMeasures => "read-measures",
            Verify => "verify",
        }
    }

    /// Reads what [`as_str`](Self::as_str) writes; `None` for any other word.
    pub fn parse(word: &str) -> Option<Permission> {
        Permission::ALL.into_iter().find(|permission| permission.as_str() == word)
    }

    fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A set of permissions.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Permissions(u32);

impl Permissions {
    /// All there are.
    pub fn all() -> Permissions {
        Permission::ALL.into_iter().collect()
    }

    /// True where this one is among them.
    pub fn contains(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }

    /// Those of either set.
    pub fn and(self, other: Permissions) -> Permissions {
        Permissions(self.0 | other.0)
    }

    /// Those of both sets.
    pub fn within(self, other: Permissions) -> Permissions {
        Permissions(self.0 & other.0)
    }

    /// True where there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Each of them, in the order of their declaration.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.into_iter().filter(move |permission| self.contains(*permission))
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<T: IntoIterator<Item = Permission>>(permissions: T) -> Permissions {
        Permissions(permissions.into_iter().fold(0, |bits, permission| bits | permission.bit()))
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_has_a_word_and_a_place_of_its_own() {
        for (place, permission) in Permission::ALL.into_iter().enumerate() {
            assert_eq!(permission as usize, place);
            assert_eq!(Permission::parse(permission.as_str()), Some(permission));
        }
        assert_eq!(Permission::parse("everything"), None);
        assert_eq!(Permissions::all().iter().count(), Permission::ALL.len());
    }

    #[test]
    fn sets_are_joined_and_cut() {
        let some: Permissions = [Capture, Check].into_iter().collect();
        let other: Permissions = [Check, Ship].into_iter().collect();
        assert_eq!(some.and(other).iter().collect::<Vec<_>>(), [Capture, Check, Ship]);
        assert_eq!(some.within(other).iter().collect::<Vec<_>>(), [Check]);
        assert!(!some.contains(Ship) && some.within(Permissions::default()).is_empty());
    }
}
