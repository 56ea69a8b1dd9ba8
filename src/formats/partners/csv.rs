//! Partners in CSV: one row a partner, or several of the same id, which add licences and GLNs.

use std::io::Read;

use crate::formats::Defects;
use crate::formats::Fault;
use crate::formats::Place;
use crate::formats::columns::Column;
use crate::formats::columns::Row;
use crate::formats::columns::Table;
use crate::formats::partners::form::LicenceForm;
use crate::formats::partners::form::PartnerForm;
use crate::formats::records::Placed;

const COLUMNS: &[Column] = &[
    ("id", &["partner", "partner id", "customer number", "supplier number"]),
    ("name", &["business name", "company", "company name"]),
    ("roles", &["role", "type", "partner type"]),
    ("gln", &["owning gln", "gln owner", "company gln"]),
    ("location gln", &["locations", "location glns", "site gln"]),
    ("sold to gln", &["sold to", "bill to gln"]),
    ("ship to gln", &["ship to"]),
    ("dea", &["dea number", "dea registration"]),
    ("hin", &["hin number", "health industry number"]),
    ("fda establishment", &["fei", "fda establishment identifier", "duns"]),
    ("licence authority", &["license authority", "licence state", "license state", "issuing state"]),
    ("licence number", &["license number", "licence", "license", "state license"]),
    ("licence kind", &["license kind", "licence type", "license type"]),
    ("licence from", &["license from", "licence valid from", "license valid from", "license issued"]),
    (
        "licence until",
        &[
            "license until",
            "licence valid until",
            "license valid until",
            "license expires",
            "license expiration",
            "licence expires",
        ],
    ),
    ("street", &["address", "street address", "address line 1", "street 1"]),
    ("street 2", &["address 2", "address line 2"]),
    ("city", &[]),
    ("state", &[]),
    ("postal code", &["zip", "zip code", "postcode"]),
    ("country", &["country code"]),
    ("email", &["contact email", "mail"]),
    ("phone", &["contact phone", "telephone"]),
    ("acceptance", &["partial acceptance"]),
    ("guideline", &["guideline release"]),
    ("form", &["document form", "format", "file format"]),
    ("identifiers", &["epc format", "identifier form"]),
    ("statement", &["transaction statement"]),
    ("without licence", &["without license"]),
];

/// Reads the rows; those of one id are one partner.
pub(super) fn read(input: impl Read, defects: &mut Defects) -> Vec<Placed<PartnerForm>> {
    let mut partners: Vec<Placed<PartnerForm>> = Vec::new();
    let Some(mut table) = Table::open(input, COLUMNS, defects) else { return partners };
    while let Some(row) = table.next(defects) {
        let place = Place { line: row.line(), column: 0 };
        let form = form(&row);
        let name = |form: &PartnerForm| form.id.clone() + form.glns.owning.first().map_or("", |gln| gln);
        let same = partners.iter_mut().find(|(_, _, other)| match form.id.is_empty() {
            true => other.id.is_empty() && name(other) == name(&form),
            false => other.id == form.id,
        });
        match same {
            None => partners.push((place, String::new(), form)),
            Some((first, _, partner)) => {
                if let Some(column) = join(partner, form) {
                    let message = format!("this row says another {column} than line {}", first.line);
                    let fix = "say it once, or the same on each row of the partner";
                    defects.add(Fault::error("import-twice", message, fix).at(place, column));
                }
            }
        }
    }
    partners
}

fn form(row: &Row<'_>) -> PartnerForm {
    let text = |column: &str| row.cell(column).to_owned();
    let mut form = PartnerForm {
        id: text("id"),
        name: text("name"),
        roles: row.cells("roles"),
        dea: row.cells("dea"),
        hin: row.cells("hin"),
        fda_establishment: text("fda establishment"),
        email: text("email"),
        phone: text("phone"),
        ..PartnerForm::default()
    };
    form.glns.owning = row.cells("gln");
    form.glns.locations = row.cells("location gln");
    form.glns.sold_to = row.cells("sold to gln");
    form.glns.ship_to = row.cells("ship to gln");
    form.address.street =
        [text("street"), text("street 2")].into_iter().filter(|line| !line.is_empty()).collect();
    form.address.city = text("city");
    form.address.state = text("state");
    form.address.postal_code = text("postal code");
    form.address.country = text("country");
    form.policy.acceptance = text("acceptance");
    form.policy.guideline = text("guideline");
    form.policy.form = text("form");
    form.policy.identifiers = text("identifiers");
    form.policy.statement = text("statement");
    form.policy.without_licence = text("without licence");
    let licence = LicenceForm {
        authority: text("licence authority"),
        number: text("licence number"),
        kind: text("licence kind"),
        valid_from: text("licence from"),
        valid_until: text("licence until"),
    };
    form.licences.extend((licence != LicenceForm::default()).then_some(licence));
    form
}

/// Adds what a further row says of the same partner; gives the name of a column that says something else than before.
fn join(partner: &mut PartnerForm, row: PartnerForm) -> Option<&'static str> {
    append(&mut partner.roles, row.roles);
    append(&mut partner.glns.owning, row.glns.owning);
    append(&mut partner.glns.locations, row.glns.locations);
    append(&mut partner.glns.sold_to, row.glns.sold_to);
    append(&mut partner.glns.ship_to, row.glns.ship_to);
    append(&mut partner.dea, row.dea);
    append(&mut partner.hin, row.hin);
    append(&mut partner.licences, row.licences);
    if partner.address.street.is_empty() {
        partner.address.street = row.address.street;
    }
    [
        ("name", &mut partner.name, row.name),
        ("fda establishment", &mut partner.fda_establishment, row.fda_establishment),
        ("city", &mut partner.address.city, row.address.city),
        ("state", &mut partner.address.state, row.address.state),
        ("postal code", &mut partner.address.postal_code, row.address.postal_code),
        ("country", &mut partner.address.country, row.address.country),
        ("email", &mut partner.email, row.email),
        ("phone", &mut partner.phone, row.phone),
        ("acceptance", &mut partner.policy.acceptance, row.policy.acceptance),
        ("guideline", &mut partner.policy.guideline, row.policy.guideline),
        ("form", &mut partner.policy.form, row.policy.form),
        ("identifiers", &mut partner.policy.identifiers, row.policy.identifiers),
        ("statement", &mut partner.policy.statement, row.policy.statement),
        ("without licence", &mut partner.policy.without_licence, row.policy.without_licence),
    ]
    .into_iter()
    .find_map(|(column, known, said)| {
        if known.is_empty() {
            *known = said;
            return None;
        }
        (!said.is_empty() && *known != said).then_some(column)
    })
}

fn append<T: PartialEq>(known: &mut Vec<T>, said: Vec<T>) {
    for value in said {
        if !known.contains(&value) {
            known.push(value);
        }
    }
}
