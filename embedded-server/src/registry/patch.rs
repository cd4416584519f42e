//! Patches as pure functions from the stored object to the one it becomes.
//!
//! Source: `apiserver/pkg/endpoints/handlers/patch.go`.

use ::json_patch::Patch;
use serde_json::{Map, Value};

use super::apply::{self, Writer};
use super::form::Form;
use super::json_patch;
use super::operation::{Body, Change};
use super::strategic::{self, Go, PatchError, PatchSchema};
use crate::codec::{Decoded, Problem, Tree};
use crate::meta::field::{self, Path};
use crate::meta::{ApiError, Descriptor, FieldValidation, Resource};

/// A change whose body has been read.
#[derive(Debug)]
pub(super) enum Prepared<'a, T> {
    Replace(Decoded<T>),
    Merge(Tree),
    Strategic(Tree, &'a PatchSchema),
    Json(Patch),
    Apply(Tree),
}

/// Reads the body of a change.
pub(super) fn prepare<'a, T: Resource>(
    change: &Change,
    form: &'a Form<T>,
    validation: FieldValidation,
) -> Result<Prepared<'a, T>, ApiError> {
    match change {
        Change::Replace(body) => form.decode(body, validation).map(Prepared::Replace),
        Change::MergePatch(body) => read_merge(body).map(Prepared::Merge),
        Change::StrategicMergePatch(body) => {
            read_strategic(body).map(|tree| Prepared::Strategic(tree, form.patch_schema()))
        }
        Change::JsonPatch(body) => json_patch::read(body).map(Prepared::Json),
        Change::Apply(body) => apply::read(body, validation).map(Prepared::Apply),
    }
}

fn read_merge(body: &Body) -> Result<Tree, ApiError> {
    let read = crate::codec::parse_tree(&body.bytes, body.format);
    let tree = read.map_err(|why| ApiError::bad_request(format!("error decoding patch: {why}")))?;
    if tree.value.is_object() { Ok(tree) } else { Err(ApiError::bad_request("Invalid JSON Patch")) }
}

/// Unlike the other patches, one that is `null` changes nothing.
fn read_strategic(body: &Body) -> Result<Tree, ApiError> {
    let mut tree = crate::codec::parse_tree(&body.bytes, body.format).map_err(ApiError::bad_request)?;
    let name = match &tree.value {
        Value::Object(_) => return Ok(tree),
        Value::Null => {
            tree.value = Value::Object(Map::new());
            return Ok(tree);
        }
        Value::Array(_) => "array",
        Value::String(_) => "string",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
    };
    let why = format!("json: cannot unmarshal {name} into Go value of type map[string]interface {{}}");
    Err(ApiError::bad_request(why))
}

impl<T: Resource> Prepared<'_, T> {
    /// Returns what the stored object `current` becomes when it is changed as the writer's version spells it.
    pub(super) fn apply(
        &self,
        current: &[u8],
        validation: FieldValidation,
        writer: &Writer<'_, T>,
    ) -> Result<Decoded<T>, ApiError> {
        if let Self::Replace(decoded) = self {
            return Ok(decoded.clone());
        }
        let form = writer.form();
        let value = self.patched(form.to_value_of_stored(current)?, writer)?;
        self.check_type(&value, form.descriptor())?;
        form.decode_value(Tree { value, duplicates: self.duplicates() }, validation)
            .map_err(|problem| self.misshapen(current, form.descriptor(), &problem))
    }

    /// Returns the configuration of an apply, which alone of all patches can create.
    pub(super) fn configuration(&self) -> Option<&Tree> {
        match self {
            Self::Apply(config) => Some(config),
            _ => None,
        }
    }

    fn patched(&self, mut value: Value, writer: &Writer<'_, T>) -> Result<Value, ApiError> {
        match self {
            Self::Replace(_) => {}
            Self::Merge(patch) => ::json_patch::merge(&mut value, &patch.value),
            Self::Strategic(patch, schema) => {
                value = strategic::apply(&value, &patch.value, schema).map_err(|error| refused(&error))?;
            }
            Self::Json(patch) => json_patch::apply(&mut value, patch)?,
            Self::Apply(config) => value = writer.apply(Some(&value), &config.value)?,
        }
        Ok(value)
    }

    /// Returns the fields that stand in the patch more than once.
    fn duplicates(&self) -> Vec<String> {
        match self {
            Self::Merge(patch) | Self::Strategic(patch, _) | Self::Apply(patch) => patch.duplicates.clone(),
            Self::Replace(_) | Self::Json(_) => Vec::new(),
        }
    }

    /// Refuses a patch that makes another type of the object. A strategic merge patch is merged into an object
    /// of a type that it cannot change.
    fn check_type(&self, value: &Value, expected: &Descriptor) -> Result<(), ApiError> {
        if matches!(self, Self::Strategic(..)) { Ok(()) } else { check_type(value, expected) }
    }

    fn misshapen(&self, current: &[u8], expected: &Descriptor, problem: &Problem) -> ApiError {
        match self {
            Self::Strategic(patch, _) => invalid_patch(&Go(&patch.value).to_string(), "", expected, problem),
            _ => misshapen::<T>(current, expected, problem),
        }
    }
}

/// Gives a strategic merge patch that does not apply the code that `interpretStrategicMergePatchError` gives:
/// what it does not know is the server's failure.
fn refused(error: &PatchError) -> ApiError {
    tracing::debug!(%error, "a strategic merge patch does not apply");
    match error {
        PatchError::PrimitiveList | PatchError::RetainKeys | PatchError::SetElementOrder => {
            ApiError::bad_request(error.to_string())
        }
        PatchError::ListOfLists => ApiError::rejected(),
        PatchError::Other(why) => ApiError::unclassified(why),
    }
}

/// Refuses a patch that makes another type of the object.
fn check_type(value: &Value, resource: &Descriptor) -> Result<(), ApiError> {
    let text = |field: &str| value.get(field).and_then(Value::as_str).unwrap_or_default();
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

fn misshapen<T: Resource>(current: &[u8], expected: &Descriptor, problem: &Problem) -> ApiError {
    let name = serde_json::from_slice::<T>(current).ok();
    let name = name.as_ref().and_then(|object| object.metadata().name.as_deref()).unwrap_or_default();
    invalid_patch(name, name, expected, problem)
}

fn invalid_patch(shown: &str, name: &str, expected: &Descriptor, problem: &Problem) -> ApiError {
    let error = field::Error::invalid(&Path::new("patch"), shown, problem.to_string());
    ApiError::invalid(expected.group, expected.kind, name, &[error])
}
