//! Takes out of answers what differs from run to run, but not what it says: objects keep their identities, and
//! versions their order.
//!
//! | what | becomes |
//! | --- | --- |
//! | a uid | `{{uid 1}}`, numbered by its first appearance in the scenario |
//! | the resourceVersion of an object | `{{version 1}}`, numbered by size |
//! | the resourceVersion of a list or a bookmark | `{{version}}`: it counts what others write, too |
//! | a time that the server chose | `{{time}}` |
//! | a name that the server chose | `generateName` and `{{random}}` |
//! | a continue token | `{{continue}}` |
//! | the namespace | `{{namespace}}` |
//! | the managers of the fields | sorted by name: the server puts the latest last, in seconds |
//! | an age in a table | `{{age}}` |
//! | where the server says it is | `{{address}}` |
//! | names and values of the reference's type | those of this server's type |
//! | that somebody manages that there is a spec or a status, when the reference is a custom resource | nothing |
//! | the line of source that a scheme is called by | `{{scheme}}` |
//! | protobuf among the media types that are known | nothing: this server does without |
//! | a cause that stands twice, as built-in types look at metadata twice | once |

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::answer::Answer;
use super::seen::{Seen, is_bookmark, is_list, number};
use super::target::{Reference, Target};
use super::text::{self, is_time};

/// Media types that only the reference knows, the longer first.
const PROTOBUF: [&str; 2] =
    ["application/vnd.kubernetes.protobuf;stream=watch", "application/vnd.kubernetes.protobuf"];
/// What is known of the answers of one scenario.
pub(crate) struct Normalizer {
    /// Texts and what they become, in order.
    texts: Vec<(String, String)>,
    versions: BTreeSet<u64>,
    reference: Reference,
    translation: Option<Translation>,
}

/// From the words of one type to those of another with other fields.
struct Translation {
    from: Target,
    to: Target,
}

impl Normalizer {
    /// Learns from all answers of a scenario.
    pub(crate) fn new(answers: &[Answer], target: Target, reference: Reference, namespace: &str) -> Self {
        let mut seen = Seen::default();
        for answer in answers {
            seen.value(&answer.body);
            answer.events.iter().for_each(|event| seen.value(event));
        }
        let ours = reference.ours();
        let mut texts = seen.replacements();
        texts.push((namespace.to_owned(), "{{namespace}}".to_owned()));
        texts.extend(target.names().into_iter().zip(ours.names()));
        texts.push((format!("version {:?}", target.version), format!("version {:?}", ours.version)));
        texts.extend(PROTOBUF.map(|media_type| (format!(", {media_type}"), String::new())));
        let translation = (!reference.has_our_fields()).then_some(Translation { from: target, to: ours });
        Self { texts, versions: seen.versions, reference, translation }
    }

    pub(crate) fn answer(&self, mut answer: Answer) -> Answer {
        self.value(&mut answer.body);
        for event in &mut answer.events {
            if is_bookmark(event) {
                hide_bookmark(&mut event["object"]);
            }
            self.value(event);
        }
        answer.headers.values_mut().for_each(|value| self.value(value));
        if let Some(id) = answer.headers.get_mut("audit-id") {
            *id = "{{uuid}}".into();
        }
        answer
    }

    fn value(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Object(fields) => self.object(fields),
            _ => {}
        }
    }

    fn object(&self, fields: &mut Map<String, Value>) {
        if is_list(fields)
            && let Some(metadata) = fields.get_mut("metadata")
        {
            hide(metadata, "resourceVersion", "{{version}}");
            hide(metadata, "continue", "{{continue}}");
        }
        if let Some(translation) = &self.translation {
            translation.apply(fields);
        }
        if self.reference == Reference::Crd {
            forget_parts(fields);
        }
        *fields = std::mem::take(fields).into_iter().map(|(name, value)| (self.text(&name), value)).collect();
        for (name, value) in fields.iter_mut() {
            match name.as_str() {
                "resourceVersion" => self.version(value),
                "creationTimestamp" | "deletionTimestamp" | "time" => hide_time(value),
                "managedFields" => sort_managers(value),
                "cells" => value.as_array_mut().into_iter().flatten().for_each(hide_age),
                "serverAddress" => *value = "{{address}}".into(),
                _ => {}
            }
            self.value(value);
        }
    }

    fn version(&self, value: &mut Value) {
        if let Some(rank) = number(value).and_then(|version| self.rank(version)) {
            *value = rank.into();
        }
    }

    fn rank(&self, version: u64) -> Option<String> {
        let rank = self.versions.iter().position(|known| *known == version)?;
        Some(format!("{{{{version {}}}}}", rank + 1))
    }

    fn text(&self, text: &str) -> String {
        let text = self.texts.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
        text::hide_scheme(&text::hide_times(text::hide_versions(text, |version| self.rank(version))))
    }
}

impl Translation {
    fn apply(&self, fields: &mut Map<String, Value>) {
        if let Some(Value::Array(causes)) = fields.get_mut("causes") {
            causes.dedup();
        }
        for part in ["spec", "status"] {
            if let Some(value) = fields.get_mut(part)
                && let Some(name) = self.name_of(value)
            {
                *value = self.to.values[name].clone();
            }
            let managed = format!("f:{part}");
            if fields.contains_key(&managed) {
                fields.insert(managed, "{{fields}}".into());
            }
        }
    }

    fn name_of(&self, value: &Value) -> Option<&String> {
        self.from.values.iter().find_map(|(name, known)| (known == value).then_some(name))
    }
}

/// Forgets who manages that there is a spec or a status: a custom resource has none until somebody writes one.
fn forget_parts(fields: &mut Map<String, Value>) {
    for part in ["f:spec", "f:status"] {
        let Some(Value::Object(managed)) = fields.get_mut(part) else { continue };
        managed.remove(".");
        if managed.is_empty() {
            fields.remove(part);
        }
    }
}

/// Hides the versions of a bookmark, in itself and in its row when it is a table.
fn hide_bookmark(object: &mut Value) {
    hide(&mut object["metadata"], "resourceVersion", "{{version}}");
    for row in object.get_mut("rows").and_then(Value::as_array_mut).into_iter().flatten() {
        hide(&mut row["object"]["metadata"], "resourceVersion", "{{version}}");
    }
}

/// Replaces a text that is there, unless it is empty.
fn hide(metadata: &mut Value, name: &str, by: &str) {
    if let Some(Value::String(text)) = metadata.get_mut(name)
        && !text.is_empty()
    {
        by.clone_into(text);
    }
}

/// Hides a time of whole seconds in UTC; any other stays to be seen.
fn hide_time(value: &mut Value) {
    if value.as_str().is_some_and(is_time) {
        *value = "{{time}}".into();
    }
}

/// Sorts entries whose order depends on whether a second has passed between two writes.
fn sort_managers(entries: &mut Value) {
    let key = |entry: &Value| ["operation", "manager", "subresource"].map(|name| entry[name].to_string());
    if let Some(entries) = entries.as_array_mut() {
        entries.sort_by_key(key);
    }
}

/// Hides how long ago something was, or when.
fn hide_age(cell: &mut Value) {
    hide_time(cell);
    let digits = cell.as_str().and_then(|text| text.strip_suffix(['s', 'm', 'h', 'd']));
    if digits.is_some_and(|digits| digits.parse::<u32>().is_ok()) {
        *cell = "{{age}}".into();
    }
}
