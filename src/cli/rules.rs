//! `epcgate rules`: what documents are checked by; and which rules a verb is told to take otherwise.

use std::io::Write;
use std::path::PathBuf;

use clap::ValueEnum;
use serde_json::Value;
use serde_json::json;

use crate::cli::Outcome;
use crate::config::Settings;
use crate::dscsa::RuleOverrides;
use crate::reconcile::rulebook;
use crate::reconcile::rulebook::Entry;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// A rule to explain, such as `statement-missing`; without one, all are listed
    id: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    output: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people.
    Text,
    /// JSON, one object a line.
    Json,
    /// A table for documents.
    Markdown,
}

/// Rules that are to be taken otherwise.
#[derive(clap::Args)]
#[group(id = "rules_taken")]
pub(super) struct Choice {
    /// Take a rule otherwise: hard, business, warning, note, or off; may be given several times
    #[arg(long = "rule", value_name = "ID=SEVERITY")]
    rules: Vec<String>,
    /// Settings, of which the table of rules is used here
    #[arg(long, value_name = "FILE", env = "EPCGATE_CONFIG")]
    config: Option<PathBuf>,
}

impl Choice {
    /// Reads `[rules]` of the settings and what the command line says over it.
    pub(super) fn load(&self) -> anyhow::Result<RuleOverrides> {
        let settings = Settings::read(self.config.as_deref())?;
        let mut overrides = RuleOverrides::default();
        for (rule, word) in &settings.rules {
            set(&mut overrides, rule, word)?;
        }
        for text in &self.rules {
            let Some((rule, word)) = text.split_once('=') else {
                anyhow::bail!("--rule {text}: write the rule and a severity, such as statement-notice=note");
            };
            set(&mut overrides, rule.trim(), word.trim())?;
        }
        Ok(overrides)
    }
}

fn set(overrides: &mut RuleOverrides, rule: &str, word: &str) -> anyhow::Result<()> {
    let known = rulebook::rules().any(|entry| entry.id == rule && !entry.is_of_form());
    anyhow::ensure!(known, "there is no rule {rule} whose severity can be set; `epcgate rules` lists them");
    Ok(overrides.set(rule, word)?)
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let mut out = std::io::stdout().lock();
    let chosen: Vec<Entry> = match &arguments.id {
        None => rulebook::rules().collect(),
        Some(id) => match rulebook::rule(id) {
            Some(entry) => vec![entry],
            None => {
                eprintln!("epcgate: there is no rule {id}; `epcgate rules` lists them");
                return Ok(Outcome::Errors);
            }
        },
    };
    match arguments.output {
        Form::Json => chosen.iter().try_for_each(|entry| writeln!(out, "{}", document(entry)))?,
        Form::Markdown => table(&mut out, &chosen)?,
        Form::Text if arguments.id.is_some() => {
            chosen.iter().try_for_each(|entry| explain(&mut out, entry))?
        }
        Form::Text => list(&mut out, &chosen)?,
    }
    Ok(Outcome::Clean)
}

fn list(out: &mut dyn Write, chosen: &[Entry]) -> std::io::Result<()> {
    let width = chosen.iter().map(|entry| entry.id.len()).max().unwrap_or_default();
    for entry in chosen {
        writeln!(out, "{:width$}  {:8}  {}", entry.id, entry.severity, entry.words())?;
    }
    Ok(())
}

fn explain(out: &mut dyn Write, entry: &Entry) -> std::io::Result<()> {
    writeln!(out, "{}[{}]: {}", entry.severity, entry.id, entry.words())?;
    let examples = [("not so", entry.bad), ("but so", entry.good)];
    let lines = [("by", entry.clause), ("why", entry.why), ("who", entry.mender), ("help", entry.fix)];
    for (name, text) in lines.into_iter().chain(examples).filter(|(_, text)| !text.is_empty()) {
        writeln!(out, "  = {name}: {text}")?;
    }
    Ok(())
}

fn table(out: &mut dyn Write, chosen: &[Entry]) -> std::io::Result<()> {
    writeln!(out, "| rule | severity | what it asks | clause |\n| --- | --- | --- | --- |")?;
    for entry in chosen {
        let words = entry.words().replace('|', "\\|");
        writeln!(out, "| `{}` | {} | {words} | {} |", entry.id, entry.severity, entry.clause)?;
    }
    Ok(())
}

fn document(entry: &Entry) -> Value {
    json!({
        "id": entry.id,
        "subject": entry.subject.as_str(),
        "severity": entry.severity,
        "title": entry.words(),
        "clause": entry.clause,
        "why": entry.why,
        "mender": entry.mender,
        "fix": entry.fix,
        "bad": entry.bad,
        "good": entry.good,
    })
}
