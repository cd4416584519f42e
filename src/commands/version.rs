//! `wfctl version`.

use anyhow::Context;
use embedded_server::codec::yaml;

use crate::build::{self, BuildInfo};
use crate::cli::{OutputFormat, Version};
use crate::failure::Failure;
use crate::printer::Printer;

/// Prints what this program was built from.
pub(super) fn run(arguments: &Version, printer: &Printer) -> Result<(), Failure> {
    let text = render(&build::info(), arguments.output).context("cannot render the version")?;
    Ok(printer.data(&text).context("cannot write the version")?)
}

fn render(info: &BuildInfo, format: OutputFormat) -> anyhow::Result<String> {
    match format {
        OutputFormat::Table => Ok(table(info)),
        OutputFormat::Json => Ok(serde_json::to_string_pretty(info)? + "\n"),
        OutputFormat::Yaml => Ok(yaml::to_string(info)?),
    }
}

fn table(info: &BuildInfo) -> String {
    let rows = [
        ("Version", Some(info.version)),
        ("Commit", info.git_commit),
        ("Compiler", info.rustc),
        ("Platform", Some(info.platform.as_str())),
    ];
    rows.iter().filter_map(|(name, value)| value.map(|value| format!("{name:<10}{value}\n"))).collect()
}
