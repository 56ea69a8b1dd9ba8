//! The command line: one verb a file, each a thin translation into one call of the rooms below.

mod as2;
mod audit;
mod bench;
mod capture;
mod channel;
mod check;
mod completion;
mod config;
mod convert;
mod database;
mod demo;
mod directory;
mod doctor;
mod exceptions;
mod excerpt;
mod hash;
mod hold;
mod identify;
mod import;
mod in_order;
mod inbox;
mod keys;
mod mail;
mod obligations;
mod orders;
mod outbox;
mod partners;
mod people;
mod prefixes;
mod products;
mod query;
mod rebuild;
mod receive;
mod returns;
mod rules;
mod sarif;
mod scan;
mod serve;
mod ship;
mod source;
mod tls;
mod trace;
mod transactions;
mod verifier;
mod verify;

use std::process::ExitCode;

use clap::Parser;
use clap::Subcommand;
use clap::ValueEnum;

use crate::dscsa::HoldKind;

/// Ends of the program: the values that scripts rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Everything went well; warnings may have been shown.
    Clean,
    /// The document or the request has errors.
    Errors,
    /// A file could not be read, or the command could not be carried out.
    Unreadable,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> ExitCode {
        ExitCode::from(outcome as u8)
    }
}

#[derive(Parser)]
#[command(name = "epcgate", version, about, max_term_width = 100)]
#[command(
    after_help = "Exit status: 0 well (warnings may have been shown), 1 errors found, 2 not readable or not possible."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start a gateway with a small supply chain in it, and say where to look
    Demo(demo::Arguments),
    /// Serve the gateway over HTTP
    Serve(serve::Arguments),
    /// Say what identifiers are, in each of their forms
    #[command(name = "id")]
    Identify(identify::Arguments),
    /// Say what scans name, and what is off with them
    Scan(scan::Arguments),
    /// Convert a document to another form, with everything in it
    Convert(convert::Arguments),
    /// Check the form of documents and what DSCSA asks of them, and show each finding in its place
    Check(check::Arguments),
    /// List the rules that documents are checked by, or explain one
    Rules(rules::Arguments),
    /// Print the CBV 2.0 event hash ID of each event, one a line
    Hash(hash::Arguments),
    /// Bring documents into the database
    Capture(capture::Arguments),
    /// Follow one item through its packing, from party to party, and show the gaps
    Trace(trace::Arguments),
    /// Ask the database for events
    Query(query::Arguments),
    /// Work the ledger of items out anew from the documents; not while a gateway captures
    Rebuild(rebuild::Arguments),
    /// Write the file of a shipment for its next owner, and capture it
    Ship(ship::Arguments),
    /// Show transaction information and statement: what was sold, by whom, to whom, and who says so
    Transactions(transactions::Arguments),
    /// Show what does not fit between goods, data and orders, tell partners, and take in their answers
    Exceptions(exceptions::Arguments),
    /// Measure speed and memory against bare baselines of the same run
    Bench(bench::Arguments),
    /// Receive goods as they are scanned, against a shipment, an order or nothing
    Receive(receive::Arguments),
    /// Show who did what, when, and what came of it
    Audit(audit::Arguments),
    /// Make, list and revoke the API keys of partners' machines
    Keys(keys::Arguments),
    /// Take saleable returns: check each unit, verify it with its maker, and decide
    Return(returns::Arguments),
    /// Make this gateway's certificate by an authority of its own; pin the certificates of partners' machines
    Tls(tls::Arguments),
    /// Hold product, by lot, serial numbers or item; list and release
    Hold(hold::Arguments),
    /// Recall product, by lot, serial numbers or item; list and release
    Recall(hold::Arguments),
    /// Import product catalogues and the FDA's NDC directory; look products up with where each value comes from
    Products(products::Arguments),
    /// Import, list, show or remove trading partners; invite them, let them go live, score them
    #[command(visible_alias = "partner")]
    Partners(partners::Arguments),
    /// Keep, list, test, pause and remove the channels by which files and messages go to partners and come from them
    Channel(channel::Arguments),
    /// Show what partners sent and how it was answered
    Inbox(inbox::Arguments),
    /// Show what is sent to partners and how it went, and send it once more
    Outbox(outbox::Arguments),
    /// Let people and stations in, list them, and shut them out
    People(people::Arguments),
    /// Show which verifications must still be answered, and note that one was
    Obligations(obligations::Arguments),
    /// Make our keys for AS2, keep channels by it and partners' certificates, and show receipts
    As2(as2::Arguments),
    /// Import, list or show purchase orders and despatch advices
    Orders(orders::Arguments),
    /// Ask whether packages are as their makers say, and what to do with them
    Verify(verify::Arguments),
    /// Import, export, list or check who answers for which product
    Directory(directory::Arguments),
    /// Show or replace the known lengths of GS1 company prefixes
    Prefixes(prefixes::Arguments),
    /// Print what a shell completes the command line by, or the manual page
    Completion(completion::Arguments),
    /// Look at database, disk, clock, certificates, partners and queues, and say what to do
    Doctor(doctor::Arguments),
    /// Try the mail server out, show the notices that were written, and send them again
    Mail(mail::Arguments),
    /// Check the settings of a gateway before it starts with them, and show those in force
    Config(config::Arguments),
}

/// The command line as clap has it, for what is made of it.
fn described() -> clap::Command {
    <Arguments as clap::CommandFactory>::command()
}

/// How a command prints its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people.
    Text,
    /// JSON, one object a line.
    Json,
}

/// Runs the command given on the command line.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Identify(arguments) => identify::run(&arguments),
        Command::Scan(arguments) => scan::run(&arguments),
        Command::Convert(arguments) => convert::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Rules(arguments) => rules::run(&arguments),
        Command::Hash(arguments) => hash::run(&arguments),
        Command::Capture(arguments) => capture::run(&arguments),
        Command::Trace(arguments) => trace::run(&arguments),
        Command::Query(arguments) => query::run(&arguments),
        Command::Rebuild(arguments) => rebuild::run(&arguments),
        Command::Ship(arguments) => ship::run(&arguments),
        Command::Transactions(arguments) => transactions::run(&arguments),
        Command::Exceptions(arguments) => exceptions::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Receive(arguments) => receive::run(&arguments),
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Keys(arguments) => keys::run(&arguments),
        Command::Return(arguments) => returns::run(&arguments),
        Command::Tls(arguments) => tls::run(&arguments),
        Command::Hold(arguments) => hold::run(&arguments, HoldKind::Hold),
        Command::Recall(arguments) => hold::run(&arguments, HoldKind::Recall),
        Command::Products(arguments) => products::run(&arguments),
        Command::Partners(arguments) => partners::run(&arguments),
        Command::Channel(arguments) => channel::run(&arguments),
        Command::Inbox(arguments) => inbox::run(&arguments),
        Command::Outbox(arguments) => outbox::run(&arguments),
        Command::People(arguments) => people::run(&arguments),
        Command::Obligations(arguments) => obligations::run(&arguments),
        Command::As2(arguments) => as2::run(&arguments),
        Command::Orders(arguments) => orders::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Directory(arguments) => directory::run(&arguments),
        Command::Prefixes(arguments) => prefixes::run(&arguments),
        Command::Completion(arguments) => completion::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Mail(arguments) => mail::run(&arguments),
        Command::Config(arguments) => config::run(&arguments),
    };
    match outcome {
        Ok(outcome) => outcome.into(),
        Err(error) if is_broken_pipe(&error) => Outcome::Clean.into(),
        Err(error) => {
            eprintln!("epcgate: {error:#}");
            Outcome::Unreadable.into()
        }
    }
}

/// True where the reader of our output went away, as `head` does.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }
}
