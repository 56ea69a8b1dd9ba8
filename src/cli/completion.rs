//! `epcgate completion`: what shells complete the command line by, and the manual page, both made of the command line itself.

use std::io::Write;

use clap_complete::Shell;
use clap_mangen::Man;

use crate::cli::Outcome;
use crate::cli::described;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// For which shell
    #[arg(value_enum, required_unless_present = "man")]
    shell: Option<Shell>,
    /// The manual page instead (section 1, as roff)
    #[arg(long, conflicts_with = "shell")]
    man: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let mut text = Vec::new();
    match arguments.shell {
        Some(shell) => clap_complete::generate(shell, &mut described(), "epcgate", &mut text),
        None => Man::new(described()).render(&mut text)?,
    }
    std::io::stdout().lock().write_all(&text)?;
    Ok(Outcome::Clean)
}
