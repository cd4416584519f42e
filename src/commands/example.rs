//! `wfctl example`: a Workflow to begin with.

use anyhow::Context;

use crate::failure::Failure;
use crate::printer::Printer;

const EXAMPLE: &str = include_str!("../../templates/example-workflow.yaml");

/// Prints the example.
pub(super) fn run(printer: &Printer) -> Result<(), Failure> {
    Ok(printer.data(EXAMPLE).context("cannot write the example")?)
}
