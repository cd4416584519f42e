//! `wfctl completions SHELL`.

use anyhow::Context;
use clap_complete::Shell;

use crate::completion;
use crate::failure::Failure;
use crate::printer::Printer;

/// Prints the completion script of `shell`.
pub(super) fn run(shell: Shell, printer: &Printer) -> Result<(), Failure> {
    let script = completion::script(shell).context("cannot write the completion script")?;
    Ok(printer.data(&script).context("cannot write the completion script")?)
}
