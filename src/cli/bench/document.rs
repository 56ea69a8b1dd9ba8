//! The document that is measured: what a manufacturer sends, of any size, the same bytes each time.

use std::io::Write;

/// Units in a case, and so EPCs in most events.
pub(super) const UNITS_PER_CASE: u64 = 12;
/// Units in one commissioning event.
const UNITS_PER_EVENT: u64 = 2_000;
/// Bytes that one unit takes, commissioning and packing together.
const BYTES_PER_UNIT: u64 = 155;

const HEAD: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8"?>"#,
    "\n",
    r#"<epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:1" xmlns:cbvmda="urn:epcglobal:cbv:mda" "#,
    r#"schemaVersion="1.2" creationDate="2026-03-05T18:00:00.000Z"><EPCISBody><EventList>"#
);
const TAIL: &str = "</EventList></EPCISBody></epcis:EPCISDocument>\n";
const WHEN: &str =
    "<eventTime>2026-03-04T06:00:00.000Z</eventTime><eventTimeZoneOffset>-05:00</eventTimeZoneOffset>";
const WHERE: &str = concat!(
    "<readPoint><id>urn:epc:id:sgln:0352999.00001.0</id></readPoint>",
    "<bizLocation><id>urn:epc:id:sgln:0352999.00001.0</id></bizLocation>"
);
const LOT: &str = concat!(
    "<extension><ilmd><cbvmda:lotNumber>LMX2611</cbvmda:lotNumber>",
    "<cbvmda:itemExpirationDate>2028-03-31</cbvmda:itemExpirationDate></ilmd></extension>"
);

/// How many units a document of about this many bytes holds.
pub(super) fn units_for(bytes: u64) -> u64 {
    (bytes / BYTES_PER_UNIT).max(UNITS_PER_CASE)
}

/// Writes EPCIS 1.2 XML: units commissioned, then packed into cases. `series` makes serial numbers that differ from
/// those of other series. The rows that the store indexes number about 2.1 for each unit.
pub(super) fn write(out: &mut impl Write, units: u64, series: u64) -> std::io::Result<()> {
    out.write_all(HEAD.as_bytes())?;
    write_packed(out, units, series)?;
    out.write_all(TAIL.as_bytes())
}

/// Writes what [`write()`] does, and a shipping event of all the cases.
pub(super) fn write_shipped(out: &mut impl Write, units: u64, series: u64) -> std::io::Result<()> {
    out.write_all(HEAD.as_bytes())?;
    write!(out, "<ObjectEvent>{WHEN}<epcList>")?;
    for number in 0..units.div_ceil(UNITS_PER_CASE) {
        write!(out, "<epc>{}</epc>", case(series, number))?;
    }
    write!(out, "</epcList><action>ADD</action><bizStep>urn:epcglobal:cbv:bizstep:commissioning</bizStep>")?;
    write!(out, "<disposition>urn:epcglobal:cbv:disp:active</disposition>{WHERE}{LOT}</ObjectEvent>")?;
    write_packed(out, units, series)?;
    write!(out, "<ObjectEvent>{}<epcList>", WHEN.replace("06:00", "07:00"))?;
    for number in 0..units.div_ceil(UNITS_PER_CASE) {
        write!(out, "<epc>{}</epc>", case(series, number))?;
    }
    write!(
        out,
        "</epcList><action>OBSERVE</action><bizStep>urn:epcglobal:cbv:bizstep:shipping</bizStep></ObjectEvent>"
    )?;
    out.write_all(TAIL.as_bytes())
}

/// The EPC of a unit.
pub(super) fn unit(series: u64, number: u64) -> String {
    format!("urn:epc:id:sgtin:0352999.010130.{}", serial(series, number))
}

/// The EPC of a case.
pub(super) fn case(series: u64, number: u64) -> String {
    format!("urn:epc:id:sgtin:0352999.510130.{}", serial(series, number))
}

fn write_packed(out: &mut impl Write, units: u64, series: u64) -> std::io::Result<()> {
    let mut from = 0;
    while from < units {
        let to = (from + UNITS_PER_EVENT).min(units);
        write!(out, "<ObjectEvent>{WHEN}<epcList>")?;
        for unit in from..to {
            write!(out, "<epc>{}</epc>", self::unit(series, unit))?;
        }
        write!(
            out,
            "</epcList><action>ADD</action><bizStep>urn:epcglobal:cbv:bizstep:commissioning</bizStep>"
        )?;
        write!(out, "<disposition>urn:epcglobal:cbv:disp:active</disposition>{WHERE}{LOT}</ObjectEvent>")?;
        from = to;
    }
    for case in 0..units.div_ceil(UNITS_PER_CASE) {
        write!(
            out,
            "<AggregationEvent>{WHEN}<parentID>urn:epc:id:sgtin:0352999.510130.{}</parentID><childEPCs>",
            serial(series, case)
        )?;
        for unit in case * UNITS_PER_CASE..((case + 1) * UNITS_PER_CASE).min(units) {
            write!(out, "<epc>{}</epc>", self::unit(series, unit))?;
        }
        write!(out, "</childEPCs><action>ADD</action><bizStep>urn:epcglobal:cbv:bizstep:packing</bizStep>")?;
        write!(
            out,
            "<disposition>urn:epcglobal:cbv:disp:in_progress</disposition>{WHERE}</AggregationEvent>"
        )?;
    }
    Ok(())
}

/// A serial number of twelve digits; one step through all of them in scattered order, as packing lines draw them.
pub(super) fn serial(series: u64, unit: u64) -> String {
    const ALL: u128 = 1_000_000_000_000;
    let step = u128::from(unit) + u128::from(series) * 1_000_000_000;
    format!("{:012}", step * 276_365_151_389 % ALL)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn serial_numbers_do_not_repeat() {
        let serials: BTreeSet<String> = (0..3).flat_map(|s| (0..5_000).map(move |u| serial(s, u))).collect();
        assert_eq!(serials.len(), 15_000);
    }

    #[test]
    fn a_document_has_about_the_size_asked_for() {
        let mut bytes = Vec::new();
        write(&mut bytes, units_for(1 << 20), 0).unwrap();
        assert!((900_000..1_200_000).contains(&bytes.len()), "{}", bytes.len());
    }
}
