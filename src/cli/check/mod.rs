//! `epcgate check`: the form of documents and what the US guideline asks of them, each finding in its place.

mod json;
mod profile;
mod text;

use std::path::PathBuf;

use clap::ValueEnum;

use crate::cli::Outcome;
use crate::cli::check::profile::Profile;
use crate::cli::rules;
use crate::cli::sarif;
use crate::cli::source::Source;
use crate::epcis::Header;
use crate::reconcile;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Documents; `-` is standard input
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// What to judge a document by
    #[arg(long, value_enum, default_value = "auto")]
    profile: Profile,
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    output: Report,
    /// Count what is tolerated from lenient senders as errors
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    rules: rules::Choice,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Report {
    /// For people, with the source line of each finding.
    Text,
    /// JSON, one object a file.
    Json,
    /// SARIF 2.1.0, one log for all files.
    Sarif,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let overrides = arguments.rules.load()?;
    let mut outcome = Outcome::Clean;
    let mut all = Vec::new();
    for path in &arguments.files {
        let source = match Source::open(path) {
            Ok(source) => source,
            Err(error) => {
                eprintln!("epcgate: {error:#}");
                outcome = Outcome::Unreadable;
                continue;
            }
        };
        let judged = |_: &Header| Ok(arguments.profile.options(overrides.clone()));
        let input = source.input_with_progress("checking")?;
        let checked = reconcile::check::<anyhow::Error>(input, (&source.name, arguments.strict), judged)?;
        if checked.is_refused() {
            outcome = outcome.max(Outcome::Errors);
        }
        match arguments.output {
            Report::Text => text::print(&source, &checked)?,
            Report::Json => json::print(&checked)?,
            Report::Sarif => all.push(checked),
        }
    }
    if arguments.output == Report::Sarif {
        println!("{:#}", sarif::log(&all));
    }
    Ok(outcome)
}
