//! `epcgate ship`: the file for the next owner, written from what was captured, and captured itself.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use chrono::Utc;

use crate::access::Caller;
use crate::capture;
use crate::capture::Wish;
use crate::cli::Outcome;
use crate::cli::database;
use crate::config::Settings;
use crate::dscsa::Decision;
use crate::dscsa::DocumentForm;
use crate::dscsa::GuidelineRelease;
use crate::epcis::CaptureErrorBehaviour;
use crate::epcis::EventTime;
use crate::epcis::ZoneOffset;
use crate::exchange;
use crate::export::ExportError;
use crate::export::shipment;
use crate::export::shipment::ShipmentRequest;
use crate::gs1::Scan;
use crate::store::Store;

#[derive(clap::Args)]
#[command(
    after_help = "The file has the master data, commissioning and packing of exactly what ships, the shipping event, \
                        and the transaction statement where [export] affirm_transaction_statement of the settings affirms \
                        it. Where the buyer has a channel for documents it goes there too. The same number again gives the \
                        same file."
)]
pub(super) struct Arguments {
    /// What lies open on the truck: EPCs, or what is scanned from labels
    #[arg(required = true, value_name = "EPC")]
    epcs: Vec<String>,
    /// The number of the shipment: its despatch advice
    #[arg(long, value_name = "NUMBER")]
    number: String,
    /// The buyer's purchase order
    #[arg(long, value_name = "PO")]
    order: Option<String>,
    /// Who owns it: 13 digits of a GLN, or an SGLN
    #[arg(long, value_name = "GLN")]
    seller: String,
    /// Who owns it then; the seller where only the place changes
    #[arg(long, value_name = "GLN")]
    buyer: String,
    /// From where [default: the seller]
    #[arg(long, value_name = "GLN")]
    from: Option<String>,
    /// To where [default: the buyer]
    #[arg(long, value_name = "GLN")]
    to: Option<String>,
    /// When, with the local offset, such as 2026-11-23T14:00:00-05:00 [default: now]
    #[arg(long, value_name = "TIME")]
    time: Option<String>,
    /// The release of the GS1 US guideline [default: what was agreed with the buyer, else R1.2]
    #[arg(long, value_parser = ["R1.2", "R1.3"])]
    release: Option<String>,
    /// The form of the file [default: what was agreed with the buyer, else xml-1.2]
    #[arg(long, value_parser = ["xml-1.2", "xml-2.0", "json-ld"])]
    form: Option<String>,
    /// Let held or recalled items leave all the same, for this reason, which is written to the audit trail
    #[arg(long, value_name = "REASON")]
    despite_holds: Option<String>,
    /// Who decides
    #[arg(long, default_value = "operator")]
    by: String,
    /// Where to write the file [default: standard output]
    #[arg(long, value_name = "FILE")]
    to_file: Option<PathBuf>,
    #[command(flatten)]
    database: database::Choice,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let settings = arguments.database.settings()?;
    let request = arguments.request()?;
    let store = arguments.database.open(&settings)?;
    let file = match shipment::write(&store, &Caller::operator(), &request, &settings.export) {
        Ok(file) => file,
        Err(ExportError::Store(error)) => return Err(error.into()),
        Err(refused) => {
            eprintln!("epcgate: {refused}");
            return Ok(Outcome::Errors);
        }
    };
    if !file.earlier {
        keep(&store, &file.bytes, &settings)?;
    }
    for channel in exchange::offer_shipment(&store, &Caller::operator(), (&request, &file), Utc::now())? {
        eprintln!("epcgate: on its way by {channel}");
    }
    match &arguments.to_file {
        Some(path) => {
            std::fs::write(path, &file.bytes)
                .with_context(|| format!("{} cannot be written", path.display()))?;
        }
        None => std::io::stdout().lock().write_all(&file.bytes)?,
    }
    if file.earlier {
        eprintln!("epcgate: written before; the file of then");
    }
    Ok(Outcome::Clean)
}

/// Captures the file, so that the shipment is known and the same number gives it again.
fn keep(store: &Store, bytes: &[u8], settings: &Settings) -> anyhow::Result<()> {
    let mut receiving = store.receive(Utc::now())?;
    receiving.write_all(bytes)?;
    let wish = Wish { behaviour: CaptureErrorBehaviour::Rollback, syntax: None };
    let new = capture::accept(store, &Caller::operator(), receiving.finish()?, wish, Utc::now())?;
    let job = capture::run_to_end(store, &new.job, &settings.policy()?, Utc::now)?;
    let told = || job.defects.first().map(|defect| defect.message.to_string()).unwrap_or_default();
    anyhow::ensure!(job.success, "the file was refused by our own capture: {}", told());
    Ok(())
}

impl Arguments {
    fn request(&self) -> anyhow::Result<ShipmentRequest> {
        let epcs = self.epcs.iter().map(|text| Ok(Scan::parse(text)?.epc().clone()));
        let time = match &self.time {
            Some(text) => {
                EventTime::parse(text).map_err(|fault| anyhow::anyhow!("the time {text} {fault}"))?
            }
            None => EventTime::from_utc(Utc::now()),
        };
        let seller = shipment::party(&self.seller);
        let buyer = shipment::party(&self.buyer);
        Ok(ShipmentRequest {
            number: self.number.clone(),
            order: self.order.clone(),
            epcs: epcs.collect::<anyhow::Result<_>>()?,
            ship_from: self.from.as_deref().map_or_else(|| seller.clone(), shipment::party),
            ship_to: self.to.as_deref().map_or_else(|| buyer.clone(), shipment::party),
            seller,
            buyer,
            zone: ZoneOffset::of(&time),
            time,
            release: GuidelineRelease::ALL
                .into_iter()
                .find(|release| self.release.as_deref() == Some(release.as_str())),
            form: DocumentForm::ALL.into_iter().find(|form| self.form.as_deref() == Some(form.as_str())),
            despite_holds: self
                .despite_holds
                .as_deref()
                .map(|why| Decision::new(&self.by, Utc::now(), why))
                .transpose()?,
        })
    }
}
