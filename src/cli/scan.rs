//! `epcgate scan`: what a scan names, and what is off with it.

use std::io::BufRead;
use std::io::Read;
use std::io::Write;

use chrono::NaiveDate;
use chrono::Utc;

use crate::cli::Outcome;
use crate::cli::Output;
use crate::cli::prefixes;
use crate::formats::scans;
use crate::formats::scans::Known;
use crate::formats::scans::ScanForm;
use crate::gs1::CompanyPrefixes;

/// Bytes of a line that are read; more than any code holds.
const MOST_BYTES: u64 = 64 << 10;

#[derive(clap::Args)]
#[command(
    after_help = "Exit status is 1 where a scan names nothing. A scan is read with or without the symbology identifier \
                        (]d2, ]C1, ...), with FNC1 as GS, ^], {GS}, <GS>, | and the like; also (01)...(21)... as printed, \
                        Digital Links, EPC URNs, GTIN, SSCC and NDC. Nothing is mended in silence."
)]
pub(super) struct Arguments {
    /// What scanners, cameras or people gave; `-`, or nothing, reads one scan a line
    #[arg(value_name = "TEXT")]
    texts: Vec<String>,
    /// The serial number that is expected: chooses among readings where a separator was lost
    #[arg(long)]
    serial: Option<String>,
    /// The lot that is expected
    #[arg(long)]
    lot: Option<String>,
    /// The expiry date that is expected, as on the label
    #[arg(long, value_name = "YYMMDD")]
    expiry: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
    #[command(flatten)]
    prefixes: prefixes::Choice,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let known = Known {
        serial: arguments.serial.clone(),
        lot: arguments.lot.clone(),
        expiry: arguments.expiry.clone(),
    };
    let mut reading = Reading {
        known: (known != Known::default()).then_some(known),
        prefixes: arguments.prefixes.load()?,
        today: Utc::now().date_naive(),
        output: arguments.output,
        scans: 0,
        outcome: Outcome::Clean,
    };
    let mut out = std::io::stdout().lock();
    if matches!(arguments.texts.as_slice(), [] | [_] if arguments.texts.iter().all(|text| text == "-")) {
        let mut input = std::io::stdin().lock();
        while let Some(line) = next_line(&mut input)? {
            if !line.trim().is_empty() {
                reading.show(&line, &mut out)?;
            }
        }
    }
    for text in arguments.texts.iter().filter(|text| *text != "-") {
        reading.show(text, &mut out)?;
    }
    out.flush()?;
    Ok(reading.outcome)
}

struct Reading {
    known: Option<Known>,
    prefixes: CompanyPrefixes,
    today: NaiveDate,
    output: Output,
    scans: usize,
    outcome: Outcome,
}

impl Reading {
    fn show(&mut self, text: &str, out: &mut impl Write) -> anyhow::Result<()> {
        for label in scans::read(text, self.known.as_ref()) {
            let form = ScanForm::new((self.scans, text), &label, &self.prefixes, self.today);
            if !form.readable {
                self.outcome = Outcome::Errors;
            }
            match self.output {
                Output::Json => writeln!(out, "{}", serde_json::to_string(&form)?)?,
                Output::Text => print_text(&form, out)?,
            }
        }
        self.scans += 1;
        Ok(())
    }
}

/// A line of bounded length, without its end; the rest of a longer one is passed over.
fn next_line(input: &mut impl BufRead) -> std::io::Result<Option<String>> {
    let mut line = Vec::new();
    if input.by_ref().take(MOST_BYTES).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    while line.last() != Some(&b'\n') {
        let mut rest = Vec::new();
        let more = input.by_ref().take(MOST_BYTES).read_until(b'\n', &mut rest)?;
        if more == 0 || rest.last() == Some(&b'\n') {
            break;
        }
    }
    Ok(Some(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned()))
}

fn print_text(form: &ScanForm, out: &mut impl Write) -> std::io::Result<()> {
    let shown: String =
        form.input.chars().map(|letter| if letter.is_control() { '\u{241d}' } else { letter }).collect();
    writeln!(out, "{shown}")?;
    let how = form.origin.map(|origin| match (origin, form.doubtful) {
        ("scanned", false) => "scanned".to_owned(),
        ("scanned", true) => "scanned; a mismatch may be the scanner's fault".to_owned(),
        (other, _) => format!("{other}; a mismatch may be the scan's fault"),
    });
    for (name, value) in [("code", form.symbology), ("read as", how.as_deref())] {
        if let Some(value) = value {
            writeln!(out, "  {name:<28} {value}")?;
        }
    }
    for element in &form.elements {
        writeln!(out, "  {:<28} {}", format!("({}) {}", element.ai, element.name), element.value)?;
    }
    if let Some(day) = &form.expires {
        writeln!(out, "  {:<28} {day}", "expires")?;
    }
    for (name, value) in [("EPC URN", &form.urn), ("Digital Link", &form.digital_link)] {
        if let Some(value) = value {
            writeln!(out, "  {name:<28} {value}")?;
        }
    }
    for diagnosis in &form.diagnoses {
        writeln!(out, "  ! {}", diagnosis.problem)?;
        if let Some(suggestion) = &diagnosis.suggestion {
            writeln!(out, "    Did you mean {suggestion}? Check it with the label")?;
        }
        writeln!(out, "    {}", diagnosis.next_step)?;
    }
    Ok(())
}
