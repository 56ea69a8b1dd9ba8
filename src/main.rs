//! The `epcgate` program.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Answers are made of many small texts on one thread and written down on another.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    epcgate::cli::run()
}
