//! What would change: the objects as they are against the objects as kube-apiserver says they would be.

use std::fmt::Write as _;

use embedded_server::codec::yaml;
use serde::Serialize;
use serde_json::{Value, json};
use similar::TextDiff;

use super::preflight::Entry;
use super::record;
use crate::cli::OutputFormat;
use crate::printer::Printer;

/// What kube-apiserver writes into objects by itself.
const NOISE: [&str; 6] =
    ["creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"];

/// What would become of an object.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    object: String,
    action: Action,
    /// Whether the cluster has checked it; it cannot where the namespace does not exist yet.
    checked: bool,
    #[serde(skip)]
    diff: String,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
enum Action {
    Create,
    Change,
    Keep,
}

/// Prints what would change.
pub(super) fn print(entries: &[Entry], format: OutputFormat, printer: &Printer) -> anyhow::Result<()> {
    let shown = entries.iter().filter(|entry| entry.id.name() != record::NAME);
    let changes: Vec<_> = shown.map(change).collect();
    let data = json!({ "dryRun": true, "changes": changes });
    match format {
        OutputFormat::Table => {
            printer.data(&changes.iter().map(|change| change.diff.as_str()).collect::<String>())?;
            printer.note(words(&changes));
        }
        OutputFormat::Json => printer.data(&(serde_json::to_string_pretty(&data)? + "\n"))?,
        OutputFormat::Yaml => printer.data(&yaml::from_value(&data))?,
    }
    Ok(())
}

/// Says whether an object is another one than before, leaving aside what kube-apiserver and controllers write.
pub(super) fn differs(before: Option<&Value>, after: &Value) -> bool {
    before.is_none_or(|before| plain(before) != plain(after))
}

fn change(entry: &Entry) -> Change {
    let after = entry.would.as_ref().unwrap_or(&entry.object);
    let (before, after) = hidden(entry.live.as_ref().map(plain), plain(after));
    let action = match &before {
        None => Action::Create,
        Some(before) if *before == after => Action::Keep,
        Some(_) => Action::Change,
    };
    let text = |object: Option<&Value>| object.map(yaml::from_value).unwrap_or_default();
    let (old, new) = (text(before.as_ref()), text(Some(&after)));
    let name = entry.id.to_string();
    let diff = TextDiff::from_lines(&old, &new);
    let diff = diff.unified_diff().context_radius(3).header(&name, &name).to_string();
    Change { object: name, action, checked: entry.would.is_some(), diff }
}

fn words(changes: &[Change]) -> String {
    let count = |action| changes.iter().filter(|change| change.action == action).count();
    let mut words = format!(
        "{} objects would be made, {} changed, {} stay as they are. Nothing was stored.",
        count(Action::Create),
        count(Action::Change),
        count(Action::Keep)
    );
    let unchecked = changes.iter().filter(|change| !change.checked).count();
    if unchecked > 0 {
        let _ = write!(words, "\n{unchecked} of them can only be checked once their namespace exists.");
    }
    words
}

fn plain(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(object) = object.as_object_mut() {
        object.remove("status");
    }
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.retain(|key, _| !NOISE.contains(&key.as_str()));
        metadata
            .get_mut("annotations")
            .and_then(Value::as_object_mut)
            .map(|annotations| annotations.remove("deployment.kubernetes.io/revision"));
    }
    object
}

/// Nobody wants his passwords in a log: of data it is told only whether it changes.
fn hidden(mut before: Option<Value>, mut after: Value) -> (Option<Value>, Value) {
    if after["kind"] != "Secret" {
        return (before, after);
    }
    let old = before.as_ref().map(|before| before["data"].clone()).unwrap_or_default();
    for (key, value) in after["data"].as_object_mut().into_iter().flatten() {
        let same = old.get(key).is_none_or(|old| old == value);
        *value = json!(if same { "(hidden)" } else { "(hidden, another one)" });
    }
    for (_, value) in before.iter_mut().filter_map(|before| before["data"].as_object_mut()).flatten() {
        *value = json!("(hidden)");
    }
    (before, after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Id;

    fn entry(live: Option<Value>, would: Value) -> Entry {
        Entry { id: Id::of(&would).unwrap(), object: would.clone(), live, would: Some(would) }
    }

    fn object(kind: &str, field: &str, value: &Value) -> Value {
        let metadata = json!({"name": "a", "namespace": "b", "resourceVersion": value.to_string()});
        let mut object = json!({"apiVersion": "v1", "kind": kind, "metadata": metadata});
        object[field] = value.clone();
        object
    }

    #[test]
    fn what_the_cluster_writes_by_itself_is_no_change() {
        let change = change(&entry(
            Some(object("Service", "status", &json!(1))),
            object("Service", "status", &json!(2)),
        ));
        assert_eq!((change.action, change.diff.as_str()), (Action::Keep, ""));
    }

    #[test]
    fn a_change_is_shown_by_its_lines() {
        let change = change(&entry(
            Some(object("Service", "spec", &json!({"x": 1}))),
            object("Service", "spec", &json!({"x": 2})),
        ));
        assert_eq!(change.action, Action::Change);
        assert!(change.diff.starts_with("--- Service b/a\n+++ Service b/a\n@@ "), "{}", change.diff);
        assert!(change.diff.contains("-  x: 1\n+  x: 2\n"), "{}", change.diff);
    }

    #[test]
    fn of_secrets_only_the_change_is_told() {
        let change = change(&entry(
            Some(object("Secret", "data", &json!({"url": "b2xk"}))),
            object("Secret", "data", &json!({"url": "bmV3"})),
        ));
        assert!(change.diff.contains("+  url: '(hidden, another one)'"), "{}", change.diff);
        assert!(!change.diff.contains("bmV3") && !change.diff.contains("b2xk"), "{}", change.diff);
    }
}
