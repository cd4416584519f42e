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

fn operate(value: &mut Value, patch: &Patch) -> Result<(), ApiError> {
    check_copies(value, patch)?;
    json_patch::patch(value, patch).map_err(|error| {
        tracing::debug!(%error, "a JSON patch does not apply");
        let message = "the server rejected our request due to an error in our request";
        ApiError::new(422, Reason::Invalid, message)
    })
}

/// Bounds what copying can grow an object to, before anything is copied.
fn check_copies(value: &Value, patch: &Patch) -> Result<(), ApiError> {
    let copies = patch.iter().filter(|operation| matches!(operation, PatchOperation::Copy(_))).count();
    if copies == 0 {
        return Ok(());
    }
    let mut trial = value.clone();
    let mut copied = 0;
    for operation in patch.iter() {
        if let PatchOperation::Copy(copy) = operation {
            let source = copy.from.resolve(&trial).map(Value::to_string).unwrap_or_default();
            copied += source.len();
            if copied > MOST_COPIED {
                return Err(ApiError::too_large(MOST_COPIED));
            }
        }
        if json_patch::patch(&mut trial, std::slice::from_ref(operation)).is_err() {
            return Ok(());
        }
    }
    Ok(())
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
