//! The `epcgate` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    epcgate::cli::run()
}
