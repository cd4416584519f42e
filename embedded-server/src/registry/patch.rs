//! Patches as pure functions from the stored object to the one it becomes.
//!
//! Source: `apiserver/pkg/endpoints/handlers/patch.go`.

use json_patch::{Patch, PatchOperation};
use serde_json::Value;

use super::operation::{Body, Change};
use crate::codec::{Decoded, Expected, Problem, Tree, decode, decode_value};
use crate::meta::field::{self, Path};
use crate::meta::{ApiError, Reason, Resource};

/// The most operations of a JSON patch.
const MOST_OPERATIONS: usize = 10_000;
/// How deep operations may make an object.
const MOST_DEPTH: usize = 512;
/// The most bytes that the copy operations of a JSON patch may add.
const MOST_COPIED: usize = 3 << 20;

/// A change whose body has been read.
#[derive(Debug)]
pub(super) enum Prepared<T> {
    Replace(Decoded<T>),
    Merge(Tree),
    Json(Patch),
}

/// Reads the body of a change.
pub(super) fn prepare<T: Resource>(change: &Change, expected: Expected<'_>) -> Result<Prepared<T>, ApiError> {
    match change {
        Change::Replace(body) => decode(&body.bytes, body.format, expected).map(Prepared::Replace),
        Change::MergePatch(body) => read_merge(body).map(Prepared::Merge),
        Change::JsonPatch(body) => read_operations(body).map(Prepared::Json),
    }
}

fn read_merge(body: &Body) -> Result<Tree, ApiError> {
    let read = crate::codec::parse_tree(&body.bytes, body.format);
    let tree = read.map_err(|why| ApiError::bad_request(format!("error decoding patch: {why}")))?;
    if tree.value.is_object() { Ok(tree) } else { Err(ApiError::bad_request("Invalid JSON Patch")) }
}

fn read_operations(body: &Body) -> Result<Patch, ApiError> {
    let read: Result<Vec<Value>, _> = serde_json::from_slice(&body.bytes);
    let operations = read.map_err(|why| ApiError::bad_request(format!("error decoding patch: {why}")))?;
    if operations.len() > MOST_OPERATIONS {
        let message = format!(
            "Request entity too large: The allowed maximum operations in a JSON patch is {MOST_OPERATIONS}, got {}",
            operations.len()
        );
        return Err(ApiError::new(413, Reason::RequestEntityTooLarge, message));
    }
    serde_json::from_value(Value::Array(operations))
        .map_err(|why| ApiError::bad_request(format!("error decoding patch: {why}")))
}

impl<T: Resource> Prepared<T> {
    /// Returns what the encoded object `current` becomes.
    pub(super) fn apply(&self, current: &[u8], expected: Expected<'_>) -> Result<Decoded<T>, ApiError> {
        let duplicates = match self {
            Self::Replace(decoded) => return Ok(decoded.clone()),
            Self::Merge(patch) => patch.duplicates.clone(),
            Self::Json(_) => Vec::new(),
        };
        let mut value: Value = serde_json::from_slice(current).map_err(ApiError::internal)?;
        match self {
            Self::Replace(_) => {}
            Self::Merge(patch) => json_patch::merge(&mut value, &patch.value),
            Self::Json(patch) => operate(&mut value, patch)?,
        }
        check_type(&value, expected)?;
        decode_value(Tree { value, duplicates }, expected)
            .map_err(|problem| misshapen::<T>(current, expected, &problem))
    }
}

/// Carries out the operations one by one; each is first checked for what it would make of the object.
fn operate(value: &mut Value, patch: &Patch) -> Result<(), ApiError> {
    let mut growth = Growth { copied: 0, depth: depth(value) };
    for operation in patch.iter() {
        growth.allow(value, operation)?;
        json_patch::patch(value, std::slice::from_ref(operation)).map_err(|error| {
            tracing::debug!(%error, "a JSON patch does not apply");
            rejected()
        })?;
    }
    Ok(())
}

fn rejected() -> ApiError {
    ApiError::new(422, Reason::Invalid, "the server rejected our request due to an error in our request")
}

/// How much operations have let an object grow.
struct Growth {
    /// The bytes that were copied.
    copied: usize,
    /// How deep the object can be by now at the most; a move is taken to move what is deepest.
    depth: usize,
}

impl Growth {
    /// Bounds what an operation can make of an object, before it does. What is too deep would overflow the stack
    /// of whoever walks it.
    fn allow(&mut self, value: &Value, operation: &PatchOperation) -> Result<(), ApiError> {
        let deep = match operation {
            PatchOperation::Add(add) => add.path.count() + depth(&add.value),
            PatchOperation::Replace(replace) => replace.path.count() + depth(&replace.value),
            PatchOperation::Move(moved) => moved.path.count() + self.depth.saturating_sub(moved.from.count()),
            PatchOperation::Copy(copy) => copy.path.count() + self.copy(copy.from.resolve(value).ok())?,
            PatchOperation::Remove(_) | PatchOperation::Test(_) => 0,
        };
        self.depth = self.depth.max(deep);
        if self.depth > MOST_DEPTH { Err(rejected()) } else { Ok(()) }
    }

    /// Counts what is copied and returns its depth.
    fn copy(&mut self, source: Option<&Value>) -> Result<usize, ApiError> {
        self.copied += source.map_or(0, |source| source.to_string().len());
        if self.copied > MOST_COPIED {
            Err(ApiError::too_large(MOST_COPIED))
        } else {
            Ok(source.map_or(0, depth))
        }
    }
}

/// Returns how many levels a value has; a scalar has one.
fn depth(value: &Value) -> usize {
    let below = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(fields) => fields.values().map(depth).max(),
        _ => None,
    };
    1 + below.unwrap_or_default()
}

/// Refuses a patch that makes another type of the object.
fn check_type(value: &Value, expected: Expected<'_>) -> Result<(), ApiError> {
    let text = |field: &str| value.get(field).and_then(Value::as_str).unwrap_or_default();
    let resource = expected.resource;
    if text("kind") == resource.kind && text("apiVersion") == resource.api_version() {
        return Ok(());
    }
    Err(ApiError::bad_request(format!(
        "the patch makes a {} of {} out of a {} of {}",
        text("kind"),
        text("apiVersion"),
        resource.kind,
        resource.api_version()
    )))
}

fn misshapen<T: Resource>(current: &[u8], expected: Expected<'_>, problem: &Problem) -> ApiError {
    let why = match problem {
        Problem::Mistyped(why) => why.clone(),
        Problem::Strict(violations) => format!("strict decoding error: {}", violations.join(", ")),
    };
    let name = serde_json::from_slice::<T>(current).ok();
    let name = name.as_ref().and_then(|object| object.metadata().name.as_deref()).unwrap_or_default();
    let error = field::Error::invalid(&Path::new("patch"), name, why);
    ApiError::invalid(expected.resource.group, expected.resource.kind, name, &[error])
}
