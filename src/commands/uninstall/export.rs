//! Workflows, as the API has them, in a file: a line that names the form and counts what follows, then a line of JSON
//! for each.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, anyhow};
use serde_json::Value;
use tempfile::NamedTempFile;

use crate::cluster::{Cluster, ClusterError, Kind};
use crate::commands::storage::lines::Header;
use crate::failure::Hint;
use crate::files;
use crate::printer::Printer;

const PAGE: u16 = 500;

/// Writes all Workflows to `path`, for its owner alone to read. There is a whole file afterwards, or none.
pub(super) async fn workflows(cluster: &Cluster, path: &Path, printer: &Printer) -> anyhow::Result<()> {
    if path.exists() {
        let there = anyhow!("{} is there already; nothing was deleted", path.display());
        return Err(there).hint("--export-workflows takes another file, too");
    }
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
    let objects = all(cluster).await?;
    let mut file = NamedTempFile::new_in(files::directory_of(path))?;
    file.write_all(document(&objects)?.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path)?;
    Ok(objects.len())
}

async fn all(cluster: &Cluster) -> Result<Vec<Value>, ClusterError> {
    let mut objects = Vec::new();
    let mut next = Some(String::new());
    while let Some(token) = next {
        let mut list = cluster.json(&page(&token)).await?;
        let items = list["items"].as_array_mut().map(std::mem::take);
        objects.extend(items.unwrap_or_default().into_iter().map(|object| Kind::WORKFLOW.named(object)));
        next = following(&list);
    }
    Ok(objects)
}

fn page(token: &str) -> String {
    let more = if token.is_empty() { String::new() } else { format!("&continue={token}") };
    format!("{}?limit={PAGE}{more}", Kind::WORKFLOW.path(None))
}

fn following(list: &Value) -> Option<String> {
    list["metadata"]["continue"].as_str().filter(|token| !token.is_empty()).map(ToOwned::to_owned)
}

fn document(objects: &[Value]) -> serde_json::Result<String> {
    let lines: Vec<_> = objects.iter().map(Value::to_string).collect();
    let header = Header::of(&lines.iter().map(String::as_bytes).collect::<Vec<_>>());
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    Ok(format!("{}\n{lines}", serde_json::to_string(&header)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_line_tells_what_follows() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let header =
            format!(r#"{{"format":"wfctl-storage-export","version":1,"objects":0,"sha256":"{empty}"}}"#);
        assert_eq!(document(&[]).unwrap(), format!("{header}\n"));
        let two = document(&[json!({"a": 1}), json!({"b": "\n"})]).unwrap();
        assert_eq!(two.lines().skip(1).collect::<Vec<_>>(), [r#"{"a":1}"#, r#"{"b":"\n"}"#]);
        assert!(two.contains(r#""objects":2"#));
    }

    #[test]
    fn a_list_is_followed_to_its_end() {
        assert_eq!(page(""), "/apis/workflow.example.com/v1alpha1/workflows?limit=500");
        assert!(page("abc").ends_with("?limit=500&continue=abc"));
        assert_eq!(following(&json!({"metadata": {"continue": "abc"}})).as_deref(), Some("abc"));
        assert_eq!(following(&json!({"metadata": {"continue": ""}})), None);
    }
}
