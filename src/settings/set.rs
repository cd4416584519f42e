//! `--set KEY=VALUE`: one setting by its path.

use embedded_server::codec::yaml;
use serde_json::{Value, json};

use super::{SettingsError, known};

/// Returns the tree that holds the one setting of `text`.
///
/// The setting decides of what kind the value is: where it takes text, `true` and `1` are text; elsewhere the
/// value is read as YAML.
pub(super) fn tree(text: &str) -> Result<Value, SettingsError> {
    let malformed = || SettingsError::Set { text: text.to_owned() };
    let (key, value) = split_unescaped(text, '=').ok_or_else(malformed)?;
    let path = segments(key);
    if path.iter().any(String::is_empty) {
        return Err(malformed());
    }
    let origin = format!("--set {key}");
    let as_text = nested(&path, json!(value));
    if known::read(&as_text, &origin).is_ok() {
        return Ok(as_text);
    }
    let plain = yaml::to_value(value.as_bytes()).unwrap_or_else(|_| json!(value));
    let as_yaml = nested(&path, plain);
    known::read(&as_yaml, &origin).map(|_| as_yaml)
}

fn nested(path: &[String], value: Value) -> Value {
    path.iter().rev().fold(value, |inner, key| json!({ key: inner }))
}

/// Splits at dots; a dot behind a backslash is a part of the key.
fn segments(key: &str) -> Vec<String> {
    let mut segments = Vec::new();
    let mut rest = key;
    while let Some((segment, after)) = split_unescaped(rest, '.') {
        segments.push(segment.replace("\\.", "."));
        rest = after;
    }
    segments.push(rest.replace("\\.", "."));
    segments
}

fn split_unescaped(text: &str, separator: char) -> Option<(&str, &str)> {
    let found = text.match_indices(separator).find(|(at, _)| !text[..*at].ends_with('\\'));
    found.map(|(at, separator)| (&text[..at], &text[at + separator.len()..]))
}
