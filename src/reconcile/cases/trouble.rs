//! What a finding or a difference is as trouble with a delivery.

use sha2::Digest;
use sha2::Sha256;

use crate::dscsa::Difference;
use crate::dscsa::Finding;
use crate::dscsa::Goods;
use crate::dscsa::Mender;
use crate::dscsa::Object;
use crate::dscsa::exception::Group;
use crate::dscsa::exception::ItemKind;
use crate::dscsa::exception::Trouble;
use crate::gs1::Epc;
use crate::store::StoredFinding;

/// Words in the identifiers of rules about goods whose own data did not come.
const NO_DATA: &[&str] = &["not-commissioned", "uncommissioned", "never-commissioned", "missing-data"];

/// Words in the identifiers of rules about goods that may not be passed on.
const UNAVAILABLE: &[&str] =
    &["expired", "after-end", "recalled", "held", "decommissioned", "destroyed", "dispensed"];

/// Trouble that was found, with what makes it the same as other trouble of the same delivery.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    /// The same for the same trouble, whichever document it was found in.
    pub(super) digest: String,
    /// What is wrong.
    pub(super) trouble: Trouble,
    /// The finding it was made of.
    pub(super) finding: Option<String>,
}

/// The trouble that a difference is.
pub(super) fn of_difference(difference: &Difference, file: &str) -> Found {
    let trouble = Trouble::of(difference, file);
    Found { digest: format!("goods:{}", digest(&trouble, "", &[])), trouble, finding: None }
}

/// True where the sender has to mend a finding and goods wait for it.
pub(super) fn concerns_partner(finding: &Finding) -> bool {
    finding.severity.holds() && finding.rule.mender == Mender::Sender
}

/// The trouble that a finding in a document is: one for each unit whose data are missing, else one.
pub(super) fn of_finding(document: i64, finding: &Finding, file: &str) -> Vec<Found> {
    let kind = kind_of(finding);
    let id = StoredFinding::id_of(document, finding);
    let build = |goods: Goods, objects: &[Object]| {
        let mut trouble = Trouble { goods, ..Trouble::new(kind, said(finding, objects)) };
        if is_one_of(finding.rule.id, UNAVAILABLE) {
            trouble.group = Group::UnavailableForDistribution;
        }
        if let Some(Object::Party(wrong) | Object::TradeItem(wrong)) = objects.first() {
            trouble.wrong = wrong.to_string();
        }
        trouble.file = file.to_owned();
        let digest = format!("data:{}", digest(&trouble, finding.rule.id, objects));
        Found { digest, trouble, finding: Some(id.clone()) }
    };
    let units: Vec<&Object> =
        finding.objects.iter().filter(|object| matches!(object, Object::Epc(_))).collect();
    if kind != ItemKind::MissingProductData || units.is_empty() {
        let goods = finding.objects.iter().find_map(goods_of).unwrap_or_default();
        return vec![build(goods, &finding.objects)];
    }
    let one = |object: &&Object| build(goods_of(object).unwrap_or_default(), std::slice::from_ref(*object));
    units.iter().map(one).collect()
}

fn kind_of(finding: &Finding) -> ItemKind {
    match finding.objects.first() {
        Some(Object::Party(_)) => ItemKind::GlnError,
        Some(Object::TradeItem(_)) => ItemKind::GtinError,
        Some(Object::Epc(_)) if is_one_of(finding.rule.id, NO_DATA) => ItemKind::MissingProductData,
        _ => ItemKind::Other,
    }
}

fn is_one_of(rule: &str, words: &[&str]) -> bool {
    words.iter().any(|word| rule.contains(word))
}

/// The message, and what it is about where it does not say so itself.
fn said(finding: &Finding, objects: &[Object]) -> String {
    const MOST: usize = 5;
    let names: Vec<String> = objects.iter().take(MOST).map(Object::to_string).collect();
    if names.is_empty() || names.iter().all(|name| finding.message.contains(name)) {
        return finding.message.clone();
    }
    let more = objects.len().saturating_sub(MOST);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{} ({}{rest})", finding.message, names.join(", "))
}

fn goods_of(object: &Object) -> Option<Goods> {
    match object {
        Object::Epc(uri) => {
            let epc = Epc::parse(uri);
            Some(Goods {
                gtin: epc.gtin()?.to_string(),
                serial: epc.serial().map(|serial| serial.into_owned()),
                ..Goods::default()
            })
        }
        Object::Lot(gtin, lot) => Some(Goods {
            gtin: gtin.to_string(),
            lot: Some(lot.to_string()).filter(|lot| !lot.is_empty()),
            ..Goods::default()
        }),
        Object::TradeItem(gtin) => Some(Goods { gtin: gtin.to_string(), ..Goods::default() }),
        Object::Party(_) | Object::BizTransaction(_) => None,
    }
}

/// A digest of the kind of trouble and what it is about; words and files may change.
fn digest(trouble: &Trouble, rule: &str, objects: &[Object]) -> String {
    let mut digest = Sha256::new();
    let mut put = |text: &str| {
        digest.update(text);
        digest.update([0]);
    };
    put(rule);
    put(trouble.kind.as_str());
    put(trouble.group.as_str());
    put(&trouble.wrong);
    for goods in [&trouble.goods, &trouble.data] {
        put(&goods.gtin);
        for part in [&goods.serial, &goods.lot, &goods.expiry] {
            put(part.as_deref().unwrap_or_default());
        }
    }
    for number in [trouble.ordered, trouble.received] {
        put(&number.unwrap_or(0).to_string());
    }
    for object in objects {
        match object {
            Object::Epc(uri) => put(&Epc::parse(uri).key()),
            object => put(&object.to_string()),
        }
    }
    digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dscsa::Rule;
    use crate::dscsa::Severity;

    static RULE: Rule = Rule {
        id: "shipped-not-commissioned",
        title: "what ships was commissioned",
        severity: Severity::Hard,
        clause: "none",
        why: "It is not known.",
        mender: Mender::Sender,
        fix: "send its commissioning",
    };

    #[test]
    fn each_unit_without_data_is_an_item() {
        let epc = |serial: u8| Object::Epc(format!("urn:epc:id:sgtin:0300010.012345.{serial}").into());
        let finding = Finding::new(&RULE, "it was never commissioned").about(epc(1)).about(epc(2));
        assert!(concerns_partner(&finding));
        let found = of_finding(7, &finding, "F");
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].trouble.goods, Goods::unit("00300010123455", "2"));
        assert_eq!(found[1].trouble.group, Group::ProductNoData);
        assert_ne!(found[0].digest, found[1].digest);
        let again = of_finding(8, &finding, "G");
        assert_eq!(again[0].digest, found[0].digest);
        assert_ne!(again[0].finding, found[0].finding);
    }

    #[test]
    fn a_wrong_party_is_a_master_data_error() {
        let finding = Finding::new(&RULE, "GLN 1 is not known").about(Object::Party("1".into()));
        let found = of_finding(7, &finding, "");
        assert_eq!((found[0].trouble.kind, found[0].trouble.wrong.as_str()), (ItemKind::GlnError, "1"));
        assert_eq!(found[0].trouble.what, "GLN 1 is not known");
    }

    #[test]
    fn what_the_message_does_not_name_is_added() {
        let finding = Finding::new(&RULE, "it differs").about(Object::Lot("1".into(), "A".into()));
        assert_eq!(of_finding(7, &finding, "")[0].trouble.what, "it differs (lot A of GTIN 1)");
    }
}
