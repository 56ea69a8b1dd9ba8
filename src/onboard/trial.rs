//! A test file of a partner, judged as it would be on arrival, from a temporary file that goes when it has been read.
//!
//! It is judged by what the partner itself may know: no other partner, product or document of ours has a say, so that nobody can
//! ask us by test files whom we trade with.

use std::fs::File;
use std::io;
use std::io::BufReader;
use std::io::Read;
use std::io::Seek;
use std::io::Write;

use chrono::DateTime;
use chrono::Utc;
use sha2::Digest;
use sha2::Sha256;

use crate::dscsa::Finding;
use crate::dscsa::Grade;
use crate::dscsa::PartnerStanding;
use crate::dscsa::RuleOverrides;
use crate::dscsa::Severity;
use crate::dscsa::TradingPartner;
use crate::dscsa::guideline::Options;
use crate::dscsa::guideline::Scope;
use crate::epcis::EventTime;
use crate::epcis::Header;
use crate::formats;
use crate::formats::Defect;
use crate::formats::Fault;
use crate::formats::Place;
use crate::formats::Syntax;
use crate::formats::invitations::moment;
use crate::formats::trial_report::TrialCounts;
use crate::formats::trial_report::TrialFinding;
use crate::formats::trial_report::TrialMend;
use crate::formats::trial_report::TrialReport;
use crate::gs1::Epc;
use crate::gs1::Gln;
use crate::onboard::OnboardError;
use crate::onboard::arrival;
use crate::reconcile;
use crate::reconcile::Checked;
use crate::reconcile::rulebook;
use crate::store::StoreError;

/// Findings of one rule that a report lists.
const MOST_OF_A_RULE: usize = 20;

/// Findings that a report lists.
const MOST_LISTED: usize = 300;

/// How much larger than its compressed form a file may be.
const MOST_EXPANSION: u64 = 100;

/// Characters of a file's name that are kept.
const MOST_NAME: usize = 200;

/// By what test files of one partner are judged.
#[derive(Clone, Debug)]
pub struct Bench<'a> {
    /// The partner.
    pub partner: &'a TradingPartner,
    /// Its state.
    pub standing: &'a PartnerStanding,
    /// Severities that the operator has set; those agreed with the partner stand over them.
    pub overrides: &'a RuleOverrides,
    /// Our own GLN; empty where it is not set.
    pub own: &'a str,
    /// Bytes that a file may have, uncompressed.
    pub most_bytes: u64,
}

/// A test file that has arrived, in a temporary file.
#[derive(Debug)]
pub struct TestFile {
    /// What its sender calls it; may be empty.
    pub name: String,
    /// It as sent.
    pub file: File,
}

impl Bench<'_> {
    /// Judges a file. What cannot be read at all has a report too.
    ///
    /// Fails where a temporary file does.
    pub fn judge(&self, sent: TestFile, id: &str, now: DateTime<Utc>) -> Result<TrialReport, OnboardError> {
        let name = sent.name.chars().filter(|c| !c.is_control()).take(MOST_NAME).collect();
        let mut report = TrialReport { id: id.to_owned(), at: moment(now), name, ..TrialReport::default() };
        let checked = match expanded(sent.file, self.most_bytes).map_err(StoreError::from)? {
            Ok(mut file) => {
                (report.bytes, report.sha256) = measured(&mut file).map_err(StoreError::from)?;
                let judged = |header: &Header| Ok::<_, OnboardError>(Some(self.options(header, now)));
                reconcile::check(Box::new(file), (&report.name, false), judged)?
            }
            Err(defect) => Checked { defects: vec![defect], counts: (1, 0), ..Checked::default() },
        };
        self.describe(&mut report, &checked);
        let mut findings = self.findings(&checked);
        findings.sort_by_key(|finding| (rank(&finding.severity), finding.line, finding.column));
        report.counts = counts(&checked, &findings);
        let grade = grade(&report.counts, &checked);
        report.grade = grade.as_str().to_owned();
        report.ready = grade.is_ready();
        report.verdict = grade.words().to_owned();
        report.mend = mend(&findings);
        report.arrival = arrival::words(self, &checked, &report);
        let total = report.counts.total();
        report.findings = listed(findings);
        report.left_out = total.saturating_sub(report.findings.len() as u64);
        Ok(report)
    }

    fn options(&self, _: &Header, now: DateTime<Utc>) -> Options {
        let mut overrides = self.overrides.clone();
        overrides.agree(&self.partner.policy);
        let known: Vec<String> = self.partner.glns.iter().map(|known| known.gln.to_string()).collect();
        let own = self.own.to_owned();
        Options {
            scope: Scope::UnitedStates,
            now: Some(EventTime::from_utc(now)),
            overrides,
            known_party: Box::new(move |gln| gln == own || known.iter().any(|known| known == gln)),
            ..Options::default()
        }
    }

    /// What the file says of itself.
    fn describe(&self, report: &mut TrialReport, checked: &Checked) {
        let version = checked.header.as_ref().map(|header| &*header.schema_version).unwrap_or_default();
        report.form = match checked.syntax {
            None => "not readable".to_owned(),
            Some(Syntax::Xml) if version.is_empty() => "EPCIS XML".to_owned(),
            Some(Syntax::Xml) => format!("EPCIS {version} XML"),
            Some(Syntax::Json) => {
                format!("EPCIS {} JSON-LD", if version.is_empty() { "2.0" } else { version })
            }
        };
        report.events = checked.events;
        if let Some(guideline) = checked.guideline.as_ref().filter(|report| report.concerned.is_some()) {
            report.release = guideline.release.as_str().to_owned();
        }
        if let Some(sbdh) = checked.header.as_ref().and_then(|header| header.sbdh.as_ref()) {
            report.sender = sbdh.sender().unwrap_or_default().to_owned();
            report.receiver = sbdh.receiver().unwrap_or_default().to_owned();
        }
    }

    fn findings(&self, checked: &Checked) -> Vec<TrialFinding> {
        let of_form = checked.defects.iter().map(of_form);
        let of_rules = checked.findings().iter().map(|finding| of_rule(finding, checked));
        of_form.chain(of_rules).chain(self.strangers(checked)).collect()
    }

    /// Says where the file names another sender than the partner, or another receiver than us.
    fn strangers(&self, checked: &Checked) -> Vec<TrialFinding> {
        let sbdh = checked.header.as_ref().and_then(|header| header.sbdh.as_ref());
        let gln = |text: Option<&str>| {
            let text = text?.trim();
            Gln::parse(text).ok().or_else(|| Epc::parse(text).gln())
        };
        let finding = |rule: &str, message: String, fix: &str| TrialFinding {
            severity: Severity::Warning.as_str().to_owned(),
            rule: rule.to_owned(),
            message,
            fix: fix.to_owned(),
            path: "StandardBusinessDocumentHeader".to_owned(),
            ..TrialFinding::default()
        };
        let sender = gln(sbdh.and_then(|sbdh| sbdh.sender())).filter(|gln| !self.partner.has_gln(*gln));
        let sender = sender.map(|gln| {
            let message = format!("the sender {gln} is none of your GLNs that we know");
            finding("sender-is-another", message, "name yourself as the sender, or tell us of this GLN")
        });
        let own = Gln::parse(self.own).ok();
        let receiver = own.zip(gln(sbdh.and_then(|sbdh| sbdh.receiver())));
        let receiver = receiver.filter(|(own, receiver)| own != receiver).map(|(own, receiver)| {
            let message = format!("the receiver {receiver} is not our GLN {own}");
            finding("receiver-is-another", message, "send us files that name our GLN as the receiver")
        });
        sender.into_iter().chain(receiver).collect()
    }
}

impl TrialCounts {
    fn total(&self) -> u64 {
        self.error + self.hard + self.business + self.warning + self.note
    }
}

/// The file uncompressed, if it is compressed, at its beginning; the inner error is the file's.
fn expanded(mut file: File, most: u64) -> io::Result<Result<File, Defect>> {
    file.rewind()?;
    let mut head = [0; 4];
    let length = file.read(&mut head)?;
    file.rewind()?;
    let sent = file.metadata()?.len();
    let most = most.min(sent.saturating_mul(MOST_EXPANSION).max(1 << 20));
    let input: Box<dyn Read> = match head.get(..length).unwrap_or_default() {
        [0x1F, 0x8B, ..] => Box::new(flate2::read::MultiGzDecoder::new(BufReader::new(file))),
        [0x28, 0xB5, 0x2F, 0xFD] => Box::new(zstd::stream::read::Decoder::new(file)?),
        _ => return Ok(Ok(file)),
    };
    let mut out = tempfile::tempfile()?;
    let copied = io::copy(&mut input.take(most + 1), &mut out);
    let refused = |message: String, fix: &str| {
        Ok(Err(Fault::error("file-compressed", message, fix).at(Place::default(), "")))
    };
    match copied {
        Ok(bytes) if bytes > most => {
            refused(format!("uncompressed it has more than {most} bytes"), "send a smaller file")
        }
        Ok(_) => {
            out.flush()?;
            out.rewind()?;
            Ok(Ok(out))
        }
        Err(error) => {
            refused(format!("it cannot be uncompressed: {error}"), "send it again, or uncompressed")
        }
    }
}

/// Bytes and SHA-256; the file is at its beginning again.
fn measured(file: &mut File) -> io::Result<(u64, String)> {
    let (mut digest, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; 64 << 10]);
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        digest.update(buffer.get(..read).unwrap_or_default());
        bytes += read as u64;
    }
    file.rewind()?;
    Ok((bytes, digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
}

fn of_form(defect: &Defect) -> TrialFinding {
    TrialFinding {
        severity: defect.fault.severity.as_str().to_owned(),
        rule: defect.fault.rule.to_owned(),
        line: defect.place.line,
        column: defect.place.column,
        path: defect.path.clone(),
        message: defect.fault.message.clone(),
        fix: defect.fault.fix.clone(),
    }
}

fn of_rule(finding: &Finding, checked: &Checked) -> TrialFinding {
    let place = checked.places.of(finding.event);
    TrialFinding {
        severity: finding.severity.as_str().to_owned(),
        rule: finding.rule.id.to_owned(),
        line: place.line,
        column: place.column,
        path: finding.event.map(|event| format!("event {}", event + 1)).unwrap_or_default(),
        message: finding.message.clone(),
        fix: finding.rule.fix.to_owned(),
    }
}

fn counts(checked: &Checked, findings: &[TrialFinding]) -> TrialCounts {
    let of = |word: &str| findings.iter().filter(|finding| finding.severity == word).count() as u64;
    let of_form = |severity: formats::Severity| {
        checked.defects.iter().filter(|defect| defect.fault.severity == severity).count() as u64
    };
    // Defects beyond those kept are counted without being listed.
    let (errors, warnings) = checked.counts;
    TrialCounts {
        error: errors,
        hard: of("hard"),
        business: of("business"),
        warning: of("warning") + warnings.saturating_sub(of_form(formats::Severity::Warning)),
        note: of("note"),
    }
}

fn grade(counts: &TrialCounts, checked: &Checked) -> Grade {
    match counts {
        _ if checked.header.is_none() || counts.error > 0 => Grade::F,
        TrialCounts { hard: 1.., .. } => Grade::D,
        TrialCounts { business: 1.., .. } => Grade::C,
        TrialCounts { warning: 1.., .. } => Grade::B,
        _ => Grade::A,
    }
}

fn rank(severity: &str) -> usize {
    ["error", "hard", "business", "warning"].iter().position(|word| *word == severity).unwrap_or(4)
}

/// The rules broken, in the order of the findings.
fn mend(findings: &[TrialFinding]) -> Vec<TrialMend> {
    let mut rules: Vec<TrialMend> = Vec::new();
    for finding in findings.iter().filter(|finding| finding.severity != "note") {
        let same = |known: &&mut TrialMend| known.rule == finding.rule && known.severity == finding.severity;
        if let Some(known) = rules.iter_mut().find(same) {
            known.times += 1;
            continue;
        }
        let entry = rulebook::rule(&finding.rule);
        rules.push(TrialMend {
            rule: finding.rule.clone(),
            severity: finding.severity.clone(),
            title: entry.map_or_else(|| finding.message.clone(), |entry| entry.words().to_owned()),
            fix: finding.fix.clone(),
            why: entry.map(|entry| entry.why.to_owned()).unwrap_or_default(),
            times: 1,
            line: finding.line,
            page: entry.map(|entry| entry.page()).unwrap_or_default(),
        });
    }
    rules
}

/// Findings that the report lists: some of each rule.
fn listed(findings: Vec<TrialFinding>) -> Vec<TrialFinding> {
    let mut kept: Vec<TrialFinding> = Vec::new();
    for finding in findings {
        let of_rule = kept.iter().filter(|known| known.rule == finding.rule).count();
        if of_rule < MOST_OF_A_RULE && kept.len() < MOST_LISTED {
            kept.push(finding);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dscsa::GlnUse;
    use crate::dscsa::PartnerGln;
    use crate::dscsa::Verdict;

    const GOOD: &str = include_str!("../../fixtures/epcis/dscsa_shipment.1.2.xml");

    fn judge(bytes: &[u8], rule: Option<(&str, &str)>) -> TrialReport {
        let mut partner = TradingPartner { id: "p".into(), ..TradingPartner::default() };
        let gln = Gln::parse("0352999000012").unwrap();
        partner.glns.push(PartnerGln { gln, sent: gln.as_str().into(), role: GlnUse::Owner });
        if let Some((rule, word)) = rule {
            partner.policy.rules.insert(rule.into(), Verdict::parse(word).unwrap());
        }
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let bench = Bench {
            partner: &partner,
            standing: &PartnerStanding::OF_BEFORE,
            overrides: &RuleOverrides::default(),
            own: "",
            most_bytes: 1 << 20,
        };
        let now = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
        bench.judge(TestFile { name: "try\n.xml".to_owned(), file }, "1", now).unwrap()
    }

    fn check(bytes: &[u8], grade: &str, rules: &[&str]) -> TrialReport {
        let report = judge(bytes, None);
        let found: Vec<&str> = report.mend.iter().map(|mend| &*mend.rule).collect();
        assert_eq!(report.grade, grade, "{report:?}");
        for rule in rules {
            assert!(found.contains(rule), "{rule} is not in {found:?}");
        }
        assert_eq!(report.name, "try.xml");
        report
    }

    #[test]
    fn what_cannot_be_read_fails() {
        check(b"hello", "F", &["neither-xml-nor-json"]);
        check(b"", "F", &["neither-xml-nor-json"]);
        check(b"\x1f\x8bnonsense", "F", &["file-compressed"]);
        let cut = check(&GOOD.as_bytes()[..GOOD.len() / 2], "F", &[]);
        assert!(cut.arrival[0].contains("refused"), "{cut:?}");
    }

    #[test]
    fn compressed_files_are_read_and_bombs_are_not() {
        let packed = |bytes: &[u8]| {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        };
        let plain = judge(GOOD.as_bytes(), None);
        let gzip = judge(&packed(GOOD.as_bytes()), None);
        assert_eq!((gzip.sha256, gzip.grade), (plain.sha256, plain.grade));
        check(&packed(&vec![b' '; 2 << 20]), "F", &["file-compressed"]);
    }

    #[test]
    fn what_was_agreed_has_a_say() {
        let without = GOOD.replace("affirmTransactionStatement>true", "affirmTransactionStatement>false");
        assert_ne!(without, GOOD);
        let report = judge(without.as_bytes(), None);
        assert_eq!(report.grade, "D", "{report:?}");
        let note = judge(without.as_bytes(), Some(("statement-false", "note")));
        assert!(note.grade < report.grade, "{note:?}");
    }
}
