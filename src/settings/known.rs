//! Reads a tree of settings: what does not exist is refused with what was probably meant.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Effect, Operator, Settings, SettingsError, Toleration};

/// How alike two paths have to be for one to be a slip of the other.
const ALIKE: f64 = 0.8;

/// Reads `tree`, which `origin` said.
pub(super) fn read(tree: &Value, origin: &str) -> Result<Settings, SettingsError> {
    let mut unknown = None;
    let mut note = |path: serde_ignored::Path<'_>| {
        unknown.get_or_insert_with(|| path.to_string());
    };
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(tree, &mut track);
    let read = Settings::deserialize(serde_ignored::Deserializer::new(tracked, &mut note));
    match (read, unknown) {
        (Err(problem), _) => Err(SettingsError::Kind {
            origin: origin.to_owned(),
            path: track.path().to_string(),
            problem: problem.to_string(),
        }),
        (Ok(_), Some(path)) => {
            Err(SettingsError::Unknown { origin: origin.to_owned(), meant: meant(&path), path })
        }
        (Ok(settings), None) => Ok(settings),
    }
}

/// Returns the setting whose path is most like `path`, if one is like it.
fn meant(path: &str) -> Option<String> {
    let likeness = |known: &String| strsim::jaro_winkler(&flat(known), &flat(path));
    let known = paths(&complete()).into_iter().map(|known| (likeness(&known), known));
    let best = known.max_by(|(one, _), (other, _)| one.total_cmp(other));
    best.filter(|(likeness, _)| *likeness >= ALIKE).map(|(_, known)| known)
}

/// Where the dots stand, and what is a capital, is what people get wrong first.
fn flat(path: &str) -> String {
    path.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Settings in which every list has an item, so that all there is can be seen.
fn complete() -> Value {
    let mut tree = json!(Settings::default());
    let toleration = Toleration {
        key: Some(String::new()),
        operator: Some(Operator::Exists),
        value: Some(String::new()),
        effect: Some(Effect::NoExecute),
        toleration_seconds: Some(0),
    };
    tree["tolerations"] = json!([toleration]);
    tree
}

/// Returns the path of every setting that has no others below it.
pub(crate) fn keys() -> Vec<String> {
    let tree = json!(Settings::default());
    let has_none_below = |path: &String| {
        let pointer = format!("/{}", path.replace('.', "/"));
        tree.pointer(&pointer).is_some_and(|value| !value.is_object() || value == &json!({}))
    };
    paths(&tree).into_iter().filter(has_none_below).collect()
}

fn paths(tree: &Value) -> Vec<String> {
    let entries: Vec<(String, &Value)> = match tree {
        Value::Object(entries) => entries.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    let below = |(key, value): (String, &Value)| {
        let deeper = paths(value).into_iter().map(|path| format!("{key}.{path}")).collect::<Vec<_>>();
        std::iter::once(key).chain(deeper).collect::<Vec<_>>()
    };
    entries.into_iter().flat_map(below).collect()
}
