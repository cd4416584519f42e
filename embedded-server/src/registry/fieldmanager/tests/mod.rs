//! What clients see of field management, scenario by scenario.

#![allow(clippy::needless_pass_by_value, reason = "so that tests can write literals")]

mod applying;
mod conflicts;
mod cost;
mod errors;
mod kubectl;
mod lists;
mod merging;
mod nested;
mod properties;
mod rust_types;
mod updating;
mod versions;

use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::schema::testing::schema;
use super::*;

const VERSION: &str = "ci.example.com/v1";

/// A schema with one field of every kind.
static SCHEMA: LazyLock<Schema> =
    LazyLock::new(|| schema(&json!({"spec": spec(), "status": status()}), &json!({})));

/// A schema by itself stands for a type that has one version.
impl Versions for Schema {
    fn at(&self, api_version: &str) -> Option<&Schema> {
        (self.api_version() == api_version).then_some(self)
    }

    fn convert(&self, object: &Value, api_version: &str) -> Option<Value> {
        self.at(api_version).map(|_| object.clone())
    }

    fn blank(&self, like: &Value) -> Value {
        nothing_but_type(like)
    }
}

fn spec() -> Value {
    let text = json!({"type": "string"});
    let step = json!({
        "type": "object",
        "properties": {
            "name": text,
            "image": text,
            "args": {"type": "array", "items": text},
            "env": {"type": "object", "additionalProperties": text},
        },
    });
    json!({
        "type": "object",
        "properties": {
            "text": text,
            "number": {"type": "integer"},
            "flag": {"type": "boolean"},
            "steps": keyed(&step, &["name"]),
            "ports": keyed(&port(), &["port", "protocol"]),
            "tags": {"type": "array", "items": text, "x-kubernetes-list-type": "set"},
            "words": {"type": "array", "items": text},
            "options": {"type": "object", "additionalProperties": text},
            "choice": {"type": "object", "additionalProperties": text, "x-kubernetes-map-type": "atomic"},
            "inner": {"type": "object", "properties": {"a": text, "b": text, "deep": {"type": "object",
                "properties": {"c": text, "d": text}}}},
            "free": true,
        },
    })
}

fn port() -> Value {
    json!({
        "type": "object",
        "properties": {
            "port": {"type": "integer"},
            "protocol": {"type": "string", "default": "TCP"},
            "use": {"type": "string"},
        },
    })
}

fn status() -> Value {
    json!({"type": "object", "properties": {"phase": {"type": "string"}, "message": {"type": "string"}}})
}

fn keyed(item: &Value, keys: &[&str]) -> Value {
    json!({
        "type": "array",
        "items": item,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": keys,
    })
}

/// An object on its way through writes, a minute apart.
#[derive(Clone, Debug, Default, PartialEq)]
struct World {
    object: Option<Value>,
    minutes: i64,
}

impl World {
    /// Applies a spec.
    fn apply(&mut self, manager: &str, spec: Value) -> Result<(), Rejection> {
        self.try_apply(manager, "", false, object(json!({ "spec": spec })))
    }

    fn force(&mut self, manager: &str, spec: Value) {
        self.try_apply(manager, "", true, object(json!({ "spec": spec }))).unwrap();
    }

    fn try_apply(
        &mut self,
        name: &str,
        subresource: &str,
        force: bool,
        config: Value,
    ) -> Result<(), Rejection> {
        self.minutes += 1;
        let request = Manager { name, subresource, api_version: VERSION, force, now: self.now() };
        let applied = apply(self.object.as_ref(), &config, &request, &*SCHEMA)?;
        self.store(applied);
        Ok(())
    }

    /// Writes a spec in place of the stored one.
    fn update(&mut self, manager: &str, spec: Value) {
        let mut new = self.object.clone().unwrap_or_else(|| object(json!({})));
        new["spec"] = spec;
        self.put(manager, "", new);
    }

    fn put(&mut self, name: &str, subresource: &str, mut new: Value) {
        self.minutes += 1;
        let request = Manager { name, subresource, api_version: VERSION, force: false, now: self.now() };
        track_update(self.object.as_ref(), &mut new, &request, &*SCHEMA);
        self.store(new);
    }

    /// Does what a Rust type does on the way to the store, where `null` is nothing, and what the registry does.
    fn store(&mut self, mut object: Value) {
        drop_nulls(&mut object);
        if let Some(live) = &self.object {
            keep_times(live, &mut object);
        }
        self.object = Some(object);
    }

    fn now(&self) -> Timestamp {
        at(self.minutes)
    }

    fn spec(&self) -> Value {
        self.object.as_ref().and_then(|object| object.get("spec")).cloned().unwrap_or_default()
    }

    /// Returns what of the spec a manager manages.
    fn owned(&self, manager: &str) -> Value {
        let entry = self.entries().into_iter().find(|entry| entry["manager"] == manager);
        entry.map(|entry| entry["fieldsV1"]["f:spec"].clone()).unwrap_or_default()
    }

    fn entries(&self) -> Vec<Value> {
        let entries = self.object.as_ref().and_then(managed_fields).and_then(Value::as_array);
        entries.cloned().unwrap_or_default()
    }

    /// Returns the managers with the minute of their last change.
    fn managers(&self) -> Vec<(String, Option<i64>)> {
        let text = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        let minute = |entry: &Value| {
            let time: Option<Timestamp> = text(entry, "time").parse().ok();
            time.map(|time| (time.as_second() - START) / 60)
        };
        self.entries().iter().map(|entry| (text(entry, "manager"), minute(entry))).collect()
    }
}

const START: i64 = 1_700_000_000;

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(START).unwrap() + SignedDuration::from_mins(minutes)
}

/// Returns an object with more fields.
fn object(more: Value) -> Value {
    let mut object =
        json!({"apiVersion": VERSION, "kind": "Pipeline", "metadata": {"name": "p", "namespace": "n"}});
    object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    object
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(entries) => {
            entries.retain(|_, value| !value.is_null());
            entries.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// Returns the paths of the conflicts that an apply has.
fn conflicts(result: Result<(), Rejection>) -> Vec<String> {
    let error = ApiError::from(result.unwrap_err());
    let causes =
        error.status().details.as_ref().and_then(|details| details.causes.clone()).unwrap_or_default();
    causes.into_iter().filter_map(|cause| cause.field).collect()
}

/// Returns a set in which each field has nothing below it.
fn leaves(names: &[&str]) -> Value {
    let leaf = |name: &&str| ((*name).to_owned(), json!({}));
    Value::Object(names.iter().map(leaf).collect::<Map<_, _>>())
}
