//! What patches do, by the examples of the community's document and the ideas of upstream's own tests.

mod lists;
mod maps;
mod order;
mod properties;
mod refusals;

use schemars::JsonSchema;
use serde_json::{Value, json};

use super::{PatchError, PatchSchema, apply};
use crate::meta::ObjectMeta;

/// An object with every kind of list and map that merges.
#[derive(JsonSchema)]
#[allow(dead_code)]
struct Thing {
    metadata: ObjectMeta,
    /// A map by `name`.
    #[schemars(extend("x-kubernetes-patch-strategy" = "merge", "x-kubernetes-patch-merge-key" = "name"))]
    steps: Option<Vec<Step>>,
    /// A map by a number.
    #[schemars(extend("x-kubernetes-patch-strategy" = "merge", "x-kubernetes-patch-merge-key" = "port"))]
    ports: Vec<Port>,
    /// A set.
    #[schemars(extend("x-kubernetes-patch-strategy" = "merge"))]
    set: Vec<i64>,
    /// A list without a strategy.
    atomic: Vec<i64>,
    /// A list of maps without a strategy.
    atomic_maps: Vec<Step>,
    /// A list that declares to merge but not how.
    #[schemars(extend("x-kubernetes-patch-strategy" = "merge"))]
    keyless: Vec<Step>,
    /// A map that is replaced.
    #[schemars(extend("x-kubernetes-patch-strategy" = "replace"))]
    replaced: Step,
    /// A map of which clients name the keys to retain.
    #[schemars(extend("x-kubernetes-patch-strategy" = "retainKeys"))]
    one_of: Step,
    /// Things below things.
    child: Option<Box<Thing>>,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Step {
    name: String,
    #[schemars(extend("x-kubernetes-patch-strategy" = "merge,retainKeys", "x-kubernetes-patch-merge-key" = "port"))]
    ports: Vec<Port>,
    #[schemars(extend("x-kubernetes-patch-strategy" = "merge"))]
    tags: Vec<String>,
    args: Vec<String>,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Port {
    port: i64,
}

fn schema() -> PatchSchema {
    PatchSchema::of::<Thing>()
}

fn patched(original: &Value, patch: &Value) -> Value {
    apply(original, patch, &schema()).unwrap_or_else(|error| panic!("{patch} on {original}: {error}"))
}

fn refused(original: &Value, patch: &Value) -> PatchError {
    apply(original, patch, &schema()).expect_err(&format!("{patch} on {original}"))
}

/// Checks rows of an original, a patch and the outcome.
fn assert_patches(rows: impl IntoIterator<Item = (Value, Value, Value)>) {
    for (original, patch, expected) in rows {
        assert_eq!(patched(&original, &patch), expected, "{patch} on {original}");
    }
}

/// Returns steps of these names.
fn steps(names: &str) -> Value {
    json!({"steps": named(names)})
}

/// Returns one map per letter, named by it.
fn named(names: &str) -> Value {
    names.chars().map(|name| json!({"name": name.to_string()})).collect()
}

/// Returns a patch that deletes the step of each letter.
fn deletions(names: &str) -> Vec<Value> {
    names.chars().map(|name| json!({"$patch": "delete", "name": name.to_string()})).collect()
}
