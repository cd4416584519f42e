//! Workflows, as the API has them, in a file: a line of JSON each.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, anyhow};
use serde_json::Value;
use tempfile::NamedTempFile;

use crate::cluster::{Cluster, Kind};
use crate::failure::Hint;
use crate::files;
use crate::printer::Printer;

const PAGE: u16 = 500;

/// Writes all Workflows to `path`, for its owner alone to read. There is a whole file afterwards, or none.
pub(super) async fn workflows(cluster: &Cluster, path: &Path, printer: &Printer) -> anyhow::Result<()> {
    let step = printer.step("Exporting Workflows");
    let written = write(cluster, path).await;
    drop(step);
    let count = written
        .with_context(|| format!("cannot export Workflows to {}; nothing was deleted", path.display()))
        .hint("wfctl status says why they cannot be read; without --export-workflows this goes on")?;
    let workflows = if count == 1 { "Workflow" } else { "Workflows" };
    printer.note(format_args!("{} holds {count} {workflows}.", path.display()));
    Ok(())
}

async fn write(cluster: &Cluster, path: &Path) -> anyhow::Result<usize> {
    if path.exists() {
        return Err(anyhow!("the file is there already"));
    }
    let mut file = NamedTempFile::new_in(files::directory_of(path))?;
    let mut count = 0;
    let mut next = Some(String::new());
    while let Some(token) = next {
        let list = cluster.json(&page(&token)).await?;
        for object in list["items"].as_array().into_iter().flatten() {
            writeln!(file, "{}", Kind::WORKFLOW.named(object.clone()))?;
            count += 1;
        }
        next = following(&list);
    }
    file.as_file().sync_all()?;
    file.persist_noclobber(path)?;
    Ok(count)
}

fn page(token: &str) -> String {
    let more = if token.is_empty() { String::new() } else { format!("&continue={token}") };
    format!("{}?limit={PAGE}{more}", Kind::WORKFLOW.path(None))
}

fn following(list: &Value) -> Option<String> {
    list["metadata"]["continue"].as_str().filter(|token| !token.is_empty()).map(ToOwned::to_owned)
}
