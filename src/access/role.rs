//! Roles: the permissions that people of a kind have, and what they see.

use crate::access::Permission;
use crate::access::Permissions;

/// What somebody is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Receives goods, takes returns, checks packages.
    Receiver,
    /// Works on what does not fit; holds and releases product.
    Investigator,
    /// Answers for all of it: sees and does everything but letting people in.
    Compliance,
    /// A trading partner: sees and sends what it is party to.
    Partner,
    /// Looks at everything, changes nothing, and is here until a day that was agreed on.
    Auditor,
    /// Lets people and machines in, and sees none of their data.
    Administrator,
    /// The operator, and machines that act for it: everything.
    Operator,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 7] = [
        Role::Receiver,
        Role::Investigator,
        Role::Compliance,
        Role::Partner,
        Role::Auditor,
        Role::Administrator,
        Role::Operator,
    ];

    /// The word for it, such as `receiver`.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Receiver => "receiver",
            Role::Investigator => "investigator",
            Role::Compliance => "compliance",
            Role::Partner => "partner",
            Role::Auditor => "auditor",
            Role::Administrator => "administrator",
            Role::Operator => "operator",
        }
    }

    /// Reads what [`as_str`](Self::as_str) writes; `None` for any other word.
    pub fn parse(word: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// What one of this role may do.
    pub fn permissions(self) -> Permissions {
        use Permission::*;
        let reads = [ReadEvents, ReadTrade, ReadStock, ReadCases, ReadDirectory];
        let more: &[Permission] = match self {
            Role::Partner => {
                return [ReadEvents, ReadTrade, ReadCases, Capture, Verify].into_iter().collect();
            }
            Role::Administrator => {
                return [ManageAccess, ReadMeasures].into_iter().collect();
            }
            Role::Operator => return Permissions::all(),
            Role::Compliance => {
                return Permissions::all().iter().filter(|permission| *permission != ManageAccess).collect();
            }
            Role::Receiver => &[Check, Receive, Ship],
            Role::Investigator => &[Check, Receive, Investigate, ReadExchange],
            Role::Auditor => &[ReadExchange, ReadAudit, ReadMeasures],
        };
        reads.into_iter().chain(more.iter().copied()).collect()
    }

    /// True where one of this role sees data of ours; a partner sees what it is party to, an administrator none.
    pub fn sees_everything(self) -> bool {
        !matches!(self, Role::Partner | Role::Administrator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(role: Role, has: &[Permission], has_not: &[Permission]) {
        let permissions = role.permissions();
        assert_eq!(Role::parse(role.as_str()), Some(role));
        for permission in has {
            assert!(permissions.contains(*permission), "{role:?} {permission}");
        }
        for permission in has_not {
            assert!(!permissions.contains(*permission), "{role:?} {permission}");
        }
    }

    #[test]
    fn roles_may_what_they_are_for() {
        use Permission::*;
        check(Role::Receiver, &[Receive, Check, ReadStock], &[Investigate, ManagePartners, ReadAudit]);
        check(Role::Investigator, &[Investigate, ReadCases], &[ManageAccess, ManagePartners]);
        check(Role::Compliance, &[ManagePartners, ReadAudit, Ship], &[ManageAccess]);
        check(Role::Partner, &[ReadEvents, Capture, Verify], &[ReadStock, ReadDirectory, ReadAudit, Receive]);
        check(Role::Administrator, &[ManageAccess], &[ReadEvents, ReadAudit, Capture, Verify]);
        check(Role::Operator, &Permission::ALL, &[]);
        let writes = [
            Capture,
            Check,
            Receive,
            Ship,
            Investigate,
            ManageCatalogue,
            ManagePartners,
            ManageExchange,
            ManageAccess,
        ];
        check(Role::Auditor, &[ReadEvents, ReadAudit, ReadExchange], &writes);
        assert_eq!(Role::parse("root"), None);
    }
}
