//! `wfctl certs`.

mod list;
mod rotate;

use std::future::Future;

use anyhow::Context;
use embedded_server::codec::yaml;
use serde::Serialize;
use tokio::runtime::Builder;

use crate::cli::{CertsCommand, OutputFormat};
use crate::failure::Failure;
use crate::printer::Printer;

/// Runs the command below it that was typed.
pub(super) fn run(command: &CertsCommand, printer: &Printer) -> Result<(), Failure> {
    match command {
        CertsCommand::Rotate(arguments) => rotate::run(arguments, printer),
        CertsCommand::List(arguments) => list::run(arguments, printer),
    }
}

fn block_on<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    let outcome = runtime.block_on(command);
    runtime.shutdown_background();
    outcome
}

/// Writes `report` to stdout, `table` for people.
fn print(
    report: &impl Serialize,
    format: OutputFormat,
    table: impl FnOnce() -> String,
    printer: &Printer,
) -> anyhow::Result<()> {
    let text = match format {
        OutputFormat::Table => table(),
        OutputFormat::Json => serde_json::to_string_pretty(report)? + "\n",
        OutputFormat::Yaml => yaml::to_string(report)?,
    };
    printer.data(&text).context("cannot write the report")
}
