//! A change of ownership comes with the transaction statement.

use super::Check;
use super::Judge;
use super::Notes;
use super::Whole;
use crate::dscsa::Finding;
use crate::dscsa::Mender;
use crate::dscsa::Rule;
use crate::dscsa::Severity;
use crate::dscsa::survey::header_element;

pub(super) const CHECK: Check = Check {
    rule: &RULE,
    bad: "<EPCISHeader>…</EPCISHeader>",
    good: "<EPCISHeader>…<gs1ushc:dscsaTransactionStatement><gs1ushc:affirmTransactionStatement>true\
           </gs1ushc:affirmTransactionStatement><gs1ushc:legalNotice>Seller has complied with each applicable subsection of FDCA \
           Sec. 581(27)(A)-(G).</gs1ushc:legalNotice></gs1ushc:dscsaTransactionStatement></EPCISHeader>",
    judge: Judge::Document(check),
};

static RULE: Rule = Rule {
    id: "statement-missing",
    title: "A change of ownership comes with the transaction statement",
    severity: Severity::Hard,
    clause: "21 U.S.C. 360eee(27), 360eee-1(c)(1)(A), (d)(1)(A); GS1 US DSCSA guideline, transaction statement",
    why: "The law forbids the next owner to accept ownership without the seller's transaction statement.",
    mender: Mender::Sender,
    fix: "send the file again with gs1ushc:dscsaTransactionStatement in its header, affirmed by whoever may do so",
};

fn check(whole: &Whole<'_>, notes: &mut Notes) {
    let Some(event) = whole.survey.first_transfer else { return };
    if header_element(whole.header, "dscsaTransactionStatement").is_none() {
        let message = "the document ships to another owner and has no transaction statement";
        notes.add("", Finding::new(&RULE, message).in_event(event));
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::RULE;

    #[test]
    fn shipments_need_it() {
        assert_eq!(found(RULE.id, |sample| sample.header.elements.clear()), [""]);
    }

    #[test]
    fn movements_of_one_owner_do_not() {
        let found = found(RULE.id, |sample| {
            sample.header.elements.clear();
            let seller = sample.ship().sources[0].id.clone();
            sample.ship().destinations[0].id = seller;
        });
        assert!(found.is_empty());
    }
}
