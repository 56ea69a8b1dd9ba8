//! Lookup: what is known here of a package before anybody is asked, and who can be asked.

use chrono::NaiveDate;

use crate::access::Caller;
use crate::dscsa::Hold;
use crate::dscsa::verification::Answer;
use crate::dscsa::verification::DirectoryRecord;
use crate::dscsa::verification::DirectoryScope;
use crate::dscsa::verification::FailureReason;
use crate::dscsa::verification::choose;
use crate::gs1::Epc;
use crate::gs1::Gln;
use crate::gs1::ScannedDate;
use crate::store::Store;
use crate::store::StoreError;
use crate::verify::Question;
use crate::verify::requester;
use crate::verify::routing::Settings;
use crate::verify::standing;
use crate::verify::unanswered::Unanswered;

/// What is known of a package before anybody is asked.
#[derive(Debug)]
pub(super) struct Known {
    /// What we hold or recall of it.
    pub(super) holds: Vec<Hold>,
    /// Who can be asked, and its name for people; else why nobody can.
    pub(super) route: Result<(DirectoryRecord, String), Unanswered>,
}

/// Looks a package up: our own holds, and the directory.
pub(super) fn look_up(
    store: &Store,
    caller: &Caller,
    question: &Question,
    today: NaiveDate,
) -> Result<Known, StoreError> {
    let holds = standing::holds(store, caller, question)?;
    let records = store.directory_of(caller, question.gtin)?;
    let route = match choose(&records, question.gtin, question.expiry.date(today), &question.context) {
        Err(none) => Err(Unanswered::no_route(question, &none)),
        Ok(record) if record.url.is_empty() => Err(Unanswered::by_hand(record)),
        Ok(record) => Ok((record.clone(), name(store, caller, record)?)),
    };
    Ok(Known { holds, route })
}

/// What our copy of the maker's data says of a package, and whose data that are; `None` where the maker does not allow that,
/// where the item was not commissioned by it, and where its data do not say all.
pub(super) fn replicate(
    store: &Store,
    caller: &Caller,
    (question, settings): (&Question, &Settings),
    today: NaiveDate,
) -> Result<Option<(Answer, Gln)>, StoreError> {
    if settings.replicates.is_empty() {
        return Ok(None);
    }
    let key = question.key();
    let Some(sender) = store.commissioned_by(caller, &key)? else { return Ok(None) };
    let maker = Gln::parse(sender.trim()).ok().or_else(|| Epc::parse(sender.trim()).gln());
    let Some(maker) = maker.filter(|maker| allows(settings, question, *maker)) else { return Ok(None) };
    let Some(item) = store.item(caller, &key)?.filter(|item| item.ended.is_none()) else { return Ok(None) };
    let Some(lot) = item.lot.filter(|lot| !lot.lot.is_empty()) else { return Ok(None) };
    let Some(expiry) = day(&lot.expiry, today) else { return Ok(None) };
    let reason = match (lot.lot == *question.lot, question.expiry.date(today) == Some(expiry)) {
        (true, true) => return Ok(Some((Answer::Verified { info: None }, maker))),
        (false, true) => FailureReason::NoMatchLot,
        (true, false) => FailureReason::NoMatchExpiry,
        (false, false) => FailureReason::NoMatchLotExpiry,
    };
    Ok(Some((Answer::NotVerified { reason, info: None }, maker)))
}

/// True where this maker lets our copy of its data answer: by its GLN, or by the company prefix of both it and the product.
fn allows(settings: &Settings, question: &Question, maker: Gln) -> bool {
    settings.replicates.iter().any(|allowed| match allowed.len() {
        13 => maker.as_str() == allowed,
        _ => {
            let scope = DirectoryScope::Prefix(allowed.as_str().into());
            !allowed.is_empty() && maker.as_str().starts_with(allowed.as_str()) && scope.covers(question.gtin)
        }
    })
}

/// The day of an expiry as data have it, `YYYY-MM-DD` and what follows; a day of 00 is the last of its month.
fn day(text: &str, today: NaiveDate) -> Option<NaiveDate> {
    let part = |from: usize| text.get(from..from + 2);
    ScannedDate::new(&format!("{}{}{}", part(2)?, part(5)?, part(8)?))?.date(today)
}

/// Whom a record names: as its contact does, as our list of partners does, or by its GLN.
fn name(store: &Store, caller: &Caller, record: &DirectoryRecord) -> Result<String, StoreError> {
    if let (true, Ok(gln)) = (record.contact.name.is_empty(), Gln::parse(&record.responder))
        && let Some(partner) = store.partner_with_gln(caller, gln)?.filter(|partner| !partner.name.is_empty())
    {
        return Ok(partner.name.to_string());
    }
    Ok(requester::name(record))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn expiries_of_data_are_days() {
        let today = "2026-11-23".parse().unwrap();
        for (text, expected) in [
            ("2028-03-31", Some("2028-03-31")),
            ("2028-03-31T00:00:00Z", Some("2028-03-31")),
            ("2028-02-00", Some("2028-02-29")),
            ("2028-13-01", None),
            ("", None),
            ("é028-03-31", None),
        ] {
            assert_eq!(day(text, today).map(|day| day.to_string()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_copy_answers_for_whom_allows_it() {
        let text = "]d2010030001012345521A1\u{1d}1728033110L7";
        let question = Question::of_text(text, DateTime::UNIX_EPOCH).unwrap();
        let check = |allowed: &str, maker: &str, expected: bool| {
            let settings = Settings { replicates: vec![allowed.to_owned()], ..Settings::default() };
            assert_eq!(
                allows(&settings, &question, Gln::parse(maker).unwrap()),
                expected,
                "{allowed} {maker}"
            );
        };
        check("0300010000008", "0300010000008", true);
        check("0300010000008", "4012345000115", false);
        check("0300010", "0300010000008", true);
        check("4012345", "4012345000115", false);
        check("", "0300010000008", false);
    }
}
