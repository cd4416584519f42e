//! Layers of settings, one over the other.

use embedded_server::codec::yaml;
use serde_json::{Map, Value};

use super::{Settings, SettingsError, known, set};

/// A file with settings that was read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct File {
    /// What to call it in messages.
    pub(crate) name: String,
    /// What it holds.
    pub(crate) text: String,
}

/// Returns what `files`, then `flags`, then `sets` say, a later one over an earlier one. Mappings are merged, all
/// else is replaced; null takes back what an earlier file set.
pub(crate) fn layered(files: &[File], flags: Value, sets: &[String]) -> Result<Settings, SettingsError> {
    let mut tree = Value::Object(Map::new());
    for file in files {
        merge(&mut tree, read_file(file)?);
    }
    merge(&mut tree, flags);
    for text in sets {
        merge(&mut tree, set::tree(text)?);
    }
    known::read(&tree, "the settings")
}

/// Reads a file by itself, so that what is wrong is said of the file that it is in.
fn read_file(file: &File) -> Result<Value, SettingsError> {
    let wrong = |problem: String| SettingsError::NotAMapping { origin: file.name.clone(), problem };
    let tree = yaml::to_value(file.text.as_bytes()).map_err(|error| wrong(error.to_string()))?;
    match tree {
        Value::Null => Ok(Value::Object(Map::new())),
        Value::Object(_) => known::read(&without_nulls(tree.clone()), &file.name).map(|_| tree),
        _ => Err(wrong("it is a list or a single value".to_owned())),
    }
}

fn without_nulls(tree: Value) -> Value {
    let mut clean = Value::Object(Map::new());
    merge(&mut clean, tree);
    clean
}

fn merge(below: &mut Value, above: Value) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => {
            for (key, value) in above {
                merge_entry(below, key, value);
            }
        }
        (below, above) => *below = above,
    }
}

fn merge_entry(below: &mut Map<String, Value>, key: String, value: Value) {
    if value.is_null() {
        below.remove(&key);
        return;
    }
    let fresh = if value.is_object() { Value::Object(Map::new()) } else { Value::Null };
    let entry = below.entry(key).or_insert_with(|| fresh.clone());
    if value.is_object() && !entry.is_object() {
        *entry = fresh;
    }
    merge(entry, value);
}
