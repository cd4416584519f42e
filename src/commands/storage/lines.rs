//! The form of an export: a line that names it, then an object per line.

use anyhow::{anyhow, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::store::Content;

const FORMAT: &str = "wfctl-storage-export";
const VERSION: u32 = 1;

/// The first line.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::commands) struct Header {
    format: String,
    version: u32,
    /// What the lines below are; who edits them leaves it out.
    #[serde(flatten)]
    content: Option<Content>,
}

impl Header {
    /// Returns the first line of an export of these lines.
    pub(in crate::commands) fn of(lines: &[&[u8]]) -> Self {
        Self { format: FORMAT.to_owned(), version: VERSION, content: Some(Content::of_lines(lines)) }
    }
}

/// Splits an export into the lines of its objects.
///
/// # Errors
///
/// It is none, of a newer version, or not as it was written.
pub(super) fn split(text: &[u8]) -> anyhow::Result<Vec<&[u8]>> {
    let mut lines = text.split(|byte| *byte == b'\n');
    let header = lines.next().unwrap_or_default();
    let header: Header = serde_json::from_slice(header)
        .map_err(|error| anyhow!("this is no export of wfctl: its first line is no header: {error}"))?;
    ensure!(header.format == FORMAT, "this is no export of wfctl but a {:?}", header.format);
    if header.version > VERSION {
        bail!("the export has version {}, but this program reads at most {VERSION}", header.version);
    }
    let lines: Vec<&[u8]> = lines.filter(|line| !line.trim_ascii().is_empty()).collect();
    match header.content {
        Some(written) if written != Content::of_lines(&lines) => {
            bail!("the export is not whole: {} of {} objects, or others", lines.len(), written.objects)
        }
        _ => Ok(lines),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn export(lines: &[&str]) -> String {
        let header = Header::of(&lines.iter().map(|line| line.as_bytes()).collect::<Vec<_>>());
        let lines = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        format!("{}\n{lines}", serde_json::to_string(&header).unwrap())
    }

    fn refused(text: &str) -> String {
        split(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn an_export_is_read_as_it_was_written() {
        let export = export(&["{}", "[1]"]);
        assert!(export.starts_with(r#"{"format":"wfctl-storage-export","version":1,"objects":2,"sha256":""#));
        assert_eq!(split(export.as_bytes()).unwrap(), [b"{}".as_slice(), b"[1]"]);
    }

    #[test]
    fn an_export_that_was_cut_or_changed_is_refused() {
        let export = export(&["{}", "[1]"]);
        assert_eq!(
            refused(export.trim_end_matches("[1]\n")),
            "the export is not whole: 1 of 2 objects, or others"
        );
        assert_eq!(
            refused(&export.replace("[1]", "[2]")),
            "the export is not whole: 2 of 2 objects, or others"
        );
    }

    #[test]
    fn a_header_without_a_checksum_takes_any_lines() {
        let header = r#"{"format":"wfctl-storage-export","version":1}"#;
        assert_eq!(split(format!("{header}\n{{}}\n\n").as_bytes()).unwrap(), [b"{}"]);
    }

    #[test]
    fn other_files_are_refused() {
        assert!(refused("").starts_with("this is no export of wfctl: its first line is no header"));
        assert_eq!(refused(r#"{"format":"x","version":1}"#), "this is no export of wfctl but a \"x\"");
        let newer = refused(r#"{"format":"wfctl-storage-export","version":2}"#);
        assert_eq!(newer, "the export has version 2, but this program reads at most 1");
    }
}
