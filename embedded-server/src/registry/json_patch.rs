//! JSON patch (RFC 6902), bounded before it is carried out.
//!
//! Source of the bounds: `apiserver/pkg/endpoints/handlers/patch.go`, `apiserver/pkg/server/config.go`.

use ::json_patch::{Patch, PatchOperation};
use serde_json::Value;

use super::operation::Body;
use crate::meta::{ApiError, Reason};

/// The most operations of a JSON patch.
const MOST_OPERATIONS: usize = 10_000;
/// How deep operations may make an object; what is stored has to be read again, and decoders go no deeper
/// than 128.
const MOST_DEPTH: usize = 100;
/// The most bytes that the copy operations of a JSON patch may add.
const MOST_COPIED: usize = 3 << 20;

/// Reads the body of a JSON patch.
pub(super) fn read(body: &Body) -> Result<Patch, ApiError> {
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

/// Carries out the operations one by one; each is first checked for what it would make of the object.
pub(super) fn apply(value: &mut Value, patch: &Patch) -> Result<(), ApiError> {
    let mut growth = Growth { copied: 0, depth: depth(value) };
    for operation in patch.iter() {
        growth.allow(value, operation)?;
        ::json_patch::patch(value, std::slice::from_ref(operation)).map_err(|error| {
            tracing::debug!(%error, "a JSON patch does not apply");
            ApiError::rejected()
        })?;
    }
    Ok(())
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
        if self.depth > MOST_DEPTH { Err(ApiError::rejected()) } else { Ok(()) }
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
