//! `wfctl completions SHELL`.

use anyhow::Context;
use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::failure::Failure;
use crate::printer::Printer;

/// Prints the completion script of `shell`.
pub(super) fn run(shell: Shell, printer: &Printer) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "wfctl", &mut script);
    let script = String::from_utf8(script).context("the completion script is not text")?;
    Ok(printer.data(&script).context("cannot write the completion script")?)
}
