//! People and stations: who signs in here, and what they then are.

use chrono::DateTime;
use chrono::Utc;
use thiserror::Error;

use crate::access::Caller;
use crate::access::Permissions;
use crate::access::Revocation;
use crate::access::Role;
use crate::access::Sight;
use crate::access::SpeaksFor;
use crate::gs1::Gln;

/// Characters that a sign-in name may have.
const MOST_LOGIN: usize = 100;

/// Somebody who signs in, or a station where several work at one screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// UUID.
    pub id: String,
    /// The sign-in name, such as an e-mail address; lower case, one person each.
    pub login: String,
    /// What they are called.
    pub name: String,
    /// Whose they are; empty for our own.
    pub organisation: String,
    /// True for a station, which is signed in by a one-time link and has no password.
    pub station: bool,
    /// What they are here.
    pub roles: Vec<Role>,
    /// Of a partner: the GLNs of their company.
    pub glns: Vec<Gln>,
    /// The Argon2id hash of their password; `None` as long as they have set none.
    pub password: Option<String>,
    /// How they are known to who signs them in for us.
    pub identity: Option<Identity>,
    /// When they were let in.
    pub made_at: DateTime<Utc>,
    /// By whom.
    pub made_by: String,
    /// From when on they are no longer.
    pub ends: Option<DateTime<Utc>>,
    /// When they were shut out.
    pub revoked: Option<Revocation>,
    /// When they last signed in.
    pub seen: Option<DateTime<Utc>>,
}

/// Somebody as an OpenID provider knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The provider.
    pub issuer: String,
    /// Who they are there; empty until they first sign in.
    pub subject: String,
}

/// Why somebody cannot be let in as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PersonFault {
    /// The name is none.
    #[error("a sign-in name has 1 to {MOST_LOGIN} characters, without spaces, such as an e-mail address")]
    Login,
    /// No role is given.
    #[error("give a role: receiver, investigator, compliance, partner, auditor or administrator")]
    NoRole,
    /// A role is for machines.
    #[error("the role operator is for machines; give people the roles compliance and administrator")]
    Operator,
    /// A partner has another role beside.
    #[error("who is a partner has no other role, and sees what its company is a party to")]
    PartnerAlone,
    /// A partner without its company, or GLNs without a partner.
    #[error("a partner has the GLNs of its company, and nobody else has any")]
    Glns,
    /// An auditor is here until a day.
    #[error("an auditor is here until a day that was agreed on: say when it ends")]
    AuditorEnd,
    /// A station that may more than a station should.
    #[error("a station is a receiver or an investigator")]
    Station,
}

/// Why somebody who is known does not get in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PersonRefusal {
    /// Their time is over.
    #[error("the time that was agreed on is over")]
    Ended,
    /// They were shut out.
    #[error("they were shut out")]
    Revoked,
}

impl Person {
    /// Fails where they could not be let in like this.
    pub fn check(&self) -> Result<(), PersonFault> {
        let partner = self.roles.contains(&Role::Partner);
        let login = self.login.chars().count();
        if !(1..=MOST_LOGIN).contains(&login)
            || self.login.chars().any(|c| c.is_whitespace() || c.is_control())
        {
            return Err(PersonFault::Login);
        }
        if self.roles.is_empty() {
            return Err(PersonFault::NoRole);
        }
        if self.roles.contains(&Role::Operator) {
            return Err(PersonFault::Operator);
        }
        if partner && self.roles.len() > 1 {
            return Err(PersonFault::PartnerAlone);
        }
        if partner == self.glns.is_empty() {
            return Err(PersonFault::Glns);
        }
        if self.roles.contains(&Role::Auditor) && self.ends.is_none() {
            return Err(PersonFault::AuditorEnd);
        }
        if self.station && !self.roles.iter().all(|role| matches!(role, Role::Receiver | Role::Investigator))
        {
            return Err(PersonFault::Station);
        }
        Ok(())
    }

    /// Whether they get in at this moment.
    pub fn admits(&self, now: DateTime<Utc>) -> Result<(), PersonRefusal> {
        if self.revoked.is_some() {
            return Err(PersonRefusal::Revoked);
        }
        match self.ends {
            Some(end) if end <= now => Err(PersonRefusal::Ended),
            _ => Ok(()),
        }
    }

    /// Who they are for the rest of the house.
    pub fn caller(&self) -> Caller {
        let permissions =
            self.roles.iter().fold(Permissions::default(), |all, role| all.and(role.permissions()));
        let word = if self.station { "station" } else { "person" };
        let actor = format!("{word}:{}", self.login);
        if self.roles.contains(&Role::Partner) {
            let permissions = permissions.within(Role::Partner.permissions());
            let caller = Caller::new(actor, permissions, Sight::Parties(self.glns.clone()));
            return caller.speaking_for(SpeaksFor::These(self.glns.clone()));
        }
        Caller::new(actor, permissions, Sight::of(permissions))
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn person(roles: &[Role]) -> Person {
        Person {
            id: "1".to_owned(),
            login: "ann@example.com".to_owned(),
            name: "Ann".to_owned(),
            organisation: String::new(),
            station: false,
            roles: roles.to_vec(),
            glns: Vec::new(),
            password: None,
            identity: None,
            made_at: DateTime::UNIX_EPOCH,
            made_by: "operator".to_owned(),
            ends: None,
            revoked: None,
            seen: None,
        }
    }

    fn check(person: Person, expected: Result<(), PersonFault>) {
        assert_eq!(person.check(), expected, "{person:?}");
    }

    #[test]
    fn roles_fit_together() {
        let gln = vec![Gln::parse("4012345000115").unwrap()];
        check(person(&[Role::Compliance, Role::Administrator]), Ok(()));
        check(person(&[]), Err(PersonFault::NoRole));
        check(person(&[Role::Operator]), Err(PersonFault::Operator));
        check(person(&[Role::Partner]), Err(PersonFault::Glns));
        check(Person { glns: gln.clone(), ..person(&[Role::Partner]) }, Ok(()));
        check(Person { glns: gln.clone(), ..person(&[Role::Receiver]) }, Err(PersonFault::Glns));
        let both = Person { glns: gln, ..person(&[Role::Partner, Role::Receiver]) };
        check(both, Err(PersonFault::PartnerAlone));
        check(person(&[Role::Auditor]), Err(PersonFault::AuditorEnd));
        check(Person { ends: Some(Utc::now()), ..person(&[Role::Auditor]) }, Ok(()));
        check(Person { station: true, ..person(&[Role::Compliance]) }, Err(PersonFault::Station));
        check(Person { login: "a b".to_owned(), ..person(&[Role::Receiver]) }, Err(PersonFault::Login));
    }

    #[test]
    fn people_are_callers_as_long_as_they_are_here() {
        let gln = Gln::parse("4012345000115").unwrap();
        let partner = Person { glns: vec![gln], ..person(&[Role::Partner]) }.caller();
        assert_eq!(partner.sight(), &Sight::Parties(vec![gln]));
        assert_eq!(person(&[Role::Administrator]).caller().sight(), &Sight::Nothing);
        assert_eq!(person(&[Role::Receiver]).caller().actor(), "person:ann@example.com");
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(9);
        let until = |days| Person { ends: Some(now + TimeDelta::days(days)), ..person(&[Role::Auditor]) };
        assert_eq!((until(1).admits(now), until(0).admits(now)), (Ok(()), Err(PersonRefusal::Ended)));
        let revoked = Revocation { at: now, by: "a".to_owned(), why: "left".to_owned() };
        let gone = Person { revoked: Some(revoked), ..until(1) };
        assert_eq!(gone.admits(now), Err(PersonRefusal::Revoked));
    }
}
