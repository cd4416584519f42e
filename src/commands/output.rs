//! What a command tells, in the form that was asked for.

use anyhow::Context;
use embedded_server::codec::yaml;
use serde::Serialize;

use crate::cli::OutputFormat;
use crate::printer::Printer;

/// Writes `report` to stdout, `table` for people.
pub(super) fn print(
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
