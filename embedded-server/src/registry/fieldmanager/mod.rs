//! Server-side apply, and the record of who manages which field.
//!
//! Pure functions of objects as JSON, with their `metadata.managedFields` in them: no clock, no store, no Rust
//! types of resources. [`apply`] merges a configuration into an object, [`track_update`] follows up on every
//! other write, and [`keep_times`] makes a write that changes nothing else change nothing at all.
//!
//! Layers, each uses only those above it: `order` and `path` name steps, `set` and `fields_v1` hold sets of
//! fields, `schema` says how types merge, `typed` sees values through types, `managers` reads and writes the
//! record, `updater` moves ownership, and `apply`, `track`, `last_applied` and `conflict` add the rules of the API
//! server.
//!
//! Source: structured-merge-diff v6 and `apimachinery/pkg/util/managedfields/internal`; KEP-555.

mod apply;
mod conflict;
mod fields_v1;
mod last_applied;
mod managers;
mod order;
mod path;
mod schema;
mod set;
#[cfg(test)]
mod tests;
mod track;
mod typed;
mod updater;

use std::sync::LazyLock;

use jiff::Timestamp;
use serde_json::{Value, json};

pub(in crate::registry) use self::apply::apply;
pub(in crate::registry) use self::conflict::Conflict;
use self::managers::{Identity, Operation};
pub(in crate::registry) use self::schema::Schema;
use self::set::FieldSet;
pub(in crate::registry) use self::track::{keep_times, track_update};
use crate::meta::ApiError;

/// Who writes, and how.
#[derive(Clone, Copy, Debug)]
pub(in crate::registry) struct Manager<'a> {
    /// The name of the manager; empty for one that has none.
    pub(in crate::registry) name: &'a str,
    /// The subresource that is written; empty for the object itself.
    pub(in crate::registry) subresource: &'a str,
    /// The version that is written, as `group/version`.
    pub(in crate::registry) api_version: &'a str,
    /// Whether an apply takes fields that others manage.
    pub(in crate::registry) force: bool,
    /// The moment that is recorded for a change.
    pub(in crate::registry) now: Timestamp,
}

/// Brings objects from one served version of a type to another.
pub(in crate::registry) trait Versions {
    /// Returns the schema of a version; none when it is not served.
    fn at(&self, api_version: &str) -> Option<&Schema>;

    /// Returns an object in another version; none when that is impossible.
    fn convert(&self, object: &Value, api_version: &str) -> Option<Value>;

    /// Returns a new object of the version and type that another has: what a new one is compared with. A part that
    /// every object of the type has is there, so that it belongs to nobody.
    fn blank(&self, like: &Value) -> Value;
}

/// Why a configuration is not applied.
#[derive(Debug, PartialEq)]
pub(in crate::registry) enum Rejection {
    /// Others manage fields that it would change.
    Conflicts(Vec<Conflict>),
    /// It is not what may be applied.
    Refused(Box<ApiError>),
}

impl From<Rejection> for ApiError {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Conflicts(conflicts) => conflict::to_error(&conflicts),
            Rejection::Refused(error) => *error,
        }
    }
}

impl Rejection {
    fn refuse(error: ApiError) -> Self {
        Self::Refused(Box::new(error))
    }
}

fn identity(request: &Manager<'_>, operation: Operation) -> Identity {
    Identity::new(request.name, operation, request.api_version, request.subresource)
}

/// The fields that belong to nobody.
///
/// Source: `apimachinery/pkg/util/managedfields/internal/stripmeta.go`.
static NEVER_OWNED: LazyLock<FieldSet> = LazyLock::new(|| {
    FieldSet::of(&[
        &["apiVersion"],
        &["kind"],
        &["metadata"],
        &["metadata", "name"],
        &["metadata", "namespace"],
        &["metadata", "creationTimestamp"],
        &["metadata", "selfLink"],
        &["metadata", "uid"],
        &["metadata", "clusterName"],
        &["metadata", "generation"],
        &["metadata", "managedFields"],
        &["metadata", "resourceVersion"],
    ])
});

fn type_of(object: &Value) -> (&str, &str) {
    let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
    (text("apiVersion"), text("kind"))
}

/// Returns an object that has a type and nothing else.
pub(in crate::registry) fn nothing_but_type(like: &Value) -> Value {
    let (version, kind) = type_of(like);
    json!({"apiVersion": version, "kind": kind})
}

fn managed_fields(object: &Value) -> Option<&Value> {
    object.get("metadata")?.get("managedFields")
}

fn set_managed_fields(object: &mut Value, entries: Option<Value>) {
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    match entries {
        Some(entries) => metadata.insert("managedFields".to_owned(), entries),
        None => metadata.remove("managedFields"),
    };
}
