//! The lookup directory in CSV: one row a record.

use std::io;
use std::io::Read;
use std::io::Write;

use crate::dscsa::verification::DirectoryRecord;
use crate::formats::Defects;
use crate::formats::Place;
use crate::formats::columns::Column;
use crate::formats::columns::Row;
use crate::formats::columns::Table;
use crate::formats::directory::form::ContactForm;
use crate::formats::directory::form::RecordForm;
use crate::formats::records::Placed;

const COLUMNS: &[Column] = &[
    ("gtin", &["gtin14", "gtin-14", "product"]),
    ("company prefix", &["gs1 company prefix", "gcp", "prefix"]),
    ("start exp date", &["start", "start expiry date", "start expiration date"]),
    ("end exp date", &["end", "end expiry date", "end expiration date"]),
    ("context", &[]),
    ("responder gln", &["responder", "gln"]),
    ("provider", &["connector", "connector id", "provider id", "vrs provider"]),
    ("url", &["verify url", "base url", "endpoint"]),
    ("status", &[]),
    ("source", &[]),
    ("modified", &["modified time", "last modified", "updated"]),
    ("contact name", &["name", "manufacturer"]),
    ("email", &["contact email", "mail"]),
    ("phone", &["contact phone", "telephone"]),
    ("portal", &["contact portal", "web page"]),
];

/// Reads the rows.
pub(super) fn read(input: impl Read, defects: &mut Defects) -> Vec<Placed<RecordForm>> {
    let mut records = Vec::new();
    let Some(mut table) = Table::open(input, COLUMNS, defects) else { return records };
    while let Some(row) = table.next(defects) {
        records.push((Place { line: row.line(), column: 0 }, String::new(), form(&row)));
    }
    records
}

/// Writes records as CSV (RFC 4180) under headings that our own reader knows. A text that a spreadsheet would take for a formula
/// has an apostrophe in front, which the reader takes away.
pub fn write_csv<E: From<io::Error>>(
    out: impl Write,
    records: impl IntoIterator<Item = Result<DirectoryRecord, E>>,
) -> Result<(), E> {
    let mut writer = csv::Writer::from_writer(out);
    let failed = |error: csv::Error| E::from(io::Error::other(error));
    writer.write_record(COLUMNS.iter().map(|(name, _)| *name)).map_err(failed)?;
    for record in records {
        let form = RecordForm::from(&record?);
        let cells = [
            form.gtin,
            form.company_prefix,
            form.start_exp_date,
            form.end_exp_date,
            form.context,
            form.responder,
            form.provider,
            form.url,
            form.status,
            form.source,
            form.modified,
            form.contact.name,
            form.contact.email,
            form.contact.phone,
            form.contact.portal,
        ];
        writer.write_record(cells.map(guarded)).map_err(failed)?;
    }
    writer.flush()?;
    Ok(())
}

fn form(row: &Row<'_>) -> RecordForm {
    let text = |column: &str| plain(row.cell(column)).to_owned();
    RecordForm {
        id: String::new(),
        gtin: text("gtin"),
        company_prefix: text("company prefix"),
        start_exp_date: text("start exp date"),
        end_exp_date: text("end exp date"),
        context: text("context"),
        responder: text("responder gln"),
        provider: text("provider"),
        url: text("url"),
        status: text("status"),
        source: text("source"),
        modified: text("modified"),
        contact: ContactForm {
            name: text("contact name"),
            email: text("email"),
            phone: text("phone"),
            portal: text("portal"),
        },
    }
}

fn guarded(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\'']) { format!("'{text}") } else { text }
}

fn plain(text: &str) -> &str {
    text.strip_prefix('\'').unwrap_or(text)
}
