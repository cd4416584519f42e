//! Patches as pure functions from the stored object to the one it becomes.
//!
//! Source: `apiserver/pkg/endpoints/handlers/patch.go`.

use ::json_patch::Patch;
use serde_json::{Map, Value};

use super::apply::{self, Writer};
use super::json_patch;
use super::operation::{Body, Change};
use super::strategic::{self, Go, PatchError, PatchSchema};
use crate::codec::{Decoded, Expected, Problem, Tree, decode, decode_value};
use crate::meta::field::{self, Path};
use crate::meta::{ApiError, Reason, Resource};

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
    expected: Expected<'_>,
    schema: &'a PatchSchema,
) -> Result<Prepared<'a, T>, ApiError> {
    match change {
        Change::Replace(body) => decode(&body.bytes, body.format, expected).map(Prepared::Replace),
        Change::MergePatch(body) => read_merge(body).map(Prepared::Merge),
        Change::StrategicMergePatch(body) => {
            read_strategic(body).map(|tree| Prepared::Strategic(tree, schema))
        }
        Change::JsonPatch(body) => json_patch::read(body).map(Prepared::Json),
        Change::Apply(body) => apply::read(body, expected.validation).map(Prepared::Apply),
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
    /// Returns what the encoded object `current` becomes.
    pub(super) fn apply(
        &self,
        current: &[u8],
        expected: Expected<'_>,
        writer: &Writer<'_>,
    ) -> Result<Decoded<T>, ApiError> {
        if let Self::Replace(decoded) = self {
            return Ok(decoded.clone());
        }
        let value = self.patched(serde_json::from_slice(current).map_err(ApiError::internal)?, writer)?;
        self.check_type(&value, expected)?;
        decode_value(Tree { value, duplicates: self.duplicates() }, expected)
            .map_err(|problem| self.misshapen(current, expected, &problem))
    }

    /// Returns the configuration of an apply, which alone of all patches can create.
    pub(super) fn configuration(&self) -> Option<&Tree> {
        match self {
            Self::Apply(config) => Some(config),
            _ => None,
        }
    }

    fn patched(&self, mut value: Value, writer: &Writer<'_>) -> Result<Value, ApiError> {
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
    fn check_type(&self, value: &Value, expected: Expected<'_>) -> Result<(), ApiError> {
        if matches!(self, Self::Strategic(..)) { Ok(()) } else { check_type(value, expected) }
    }

    fn misshapen(&self, current: &[u8], expected: Expected<'_>, problem: &Problem) -> ApiError {
        match self {
            Self::Strategic(patch, _) => invalid_patch(&Go(&patch.value).to_string(), "", expected, problem),
            _ => misshapen::<T>(current, expected, problem),
        }
    }
}

/// 422 in words that say nothing more, as `errors.NewGenericServerResponse` does.
pub(super) fn rejected() -> ApiError {
    let message = "the server rejected our request due to an error in our request";
    ApiError::new(422, Reason::Invalid, message)
}

/// Gives a strategic merge patch that does not apply the code that `interpretStrategicMergePatchError` gives:
/// what it does not know is the server's failure.
fn refused(error: &PatchError) -> ApiError {
    tracing::debug!(%error, "a strategic merge patch does not apply");
    match error {
        PatchError::PrimitiveList | PatchError::RetainKeys | PatchError::SetElementOrder => {
            ApiError::bad_request(error.to_string())
        }
        PatchError::ListOfLists => rejected(),
        PatchError::Other(why) => ApiError::unclassified(why),
    }
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
    let name = serde_json::from_slice::<T>(current).ok();
    let name = name.as_ref().and_then(|object| object.metadata().name.as_deref()).unwrap_or_default();
    invalid_patch(name, name, expected, problem)
}

fn invalid_patch(shown: &str, name: &str, expected: Expected<'_>, problem: &Problem) -> ApiError {
    let error = field::Error::invalid(&Path::new("patch"), shown, problem.to_string());
    ApiError::invalid(expected.resource.group, expected.resource.kind, name, &[error])
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::codec::BodyFormat;
    use crate::meta::{FieldValidation, WriteOptions};
    use crate::registry::fieldmanager::Schema;
    use crate::workflow::Workflow;

    /// Applies a strategic merge patch to a workflow with the step `a`.
    fn patched(patch: &str) -> Result<Workflow, ApiError> {
        let schema = PatchSchema::of::<Workflow>();
        let expected = Expected { resource: &Workflow::DESCRIPTOR, validation: FieldValidation::Strict };
        let body = Body { bytes: Bytes::from(patch.to_owned()), format: BodyFormat::Json };
        let current = json!({
            "kind": "Workflow", "apiVersion": "workflow.example.com/v1alpha1", "metadata": {"name": "w"},
            "spec": {"steps": [{"name": "a", "image": "x"}]},
        });
        let prepared = prepare::<Workflow>(&Change::StrategicMergePatch(body), expected, &schema)?;
        let fields = Schema::of(&Workflow::DESCRIPTOR, |generator| generator.subschema_for::<Workflow>());
        let options = WriteOptions::default();
        let writer = Writer::new::<Workflow>(&fields, &options, None, Timestamp::UNIX_EPOCH);
        Ok(prepared.apply(current.to_string().as_bytes(), expected, &writer)?.object)
    }

    fn answer(patch: &str) -> (u16, String) {
        let error = patched(patch).unwrap_err();
        (error.code(), error.message().to_owned())
    }

    #[test]
    fn steps_merge_by_the_schema_of_workflows() {
        let steps = patched(r#"{"spec":{"steps":[{"name":"a","args":["-v"]}]}}"#).unwrap().spec.steps;
        assert_eq!((steps[0].image.as_str(), steps[0].args.len()), ("x", 1));
    }

    #[test]
    fn a_strategic_merge_patch_cannot_change_the_type_and_null_changes_nothing() {
        let unchanged = patched("{}").unwrap();
        assert_eq!(patched("null").unwrap(), unchanged);
        assert_eq!(patched(r#"{"kind":"Other","apiVersion":"v1"}"#).unwrap(), unchanged);
    }

    #[test]
    fn a_malformed_directive_is_a_bad_request() {
        let expected = (400, "invalid patch format of retainKeys".to_owned());
        assert_eq!(answer(r#"{"$retainKeys":1}"#), expected);
        let expected = "json: cannot unmarshal array into Go value of type map[string]interface {}";
        assert_eq!(answer("[]"), (400, expected.to_owned()));
    }

    #[test]
    fn a_list_of_lists_is_unprocessable() {
        let expected = (422, "the server rejected our request due to an error in our request".to_owned());
        let patch = r#"{"metadata":{"$setElementOrder/finalizers":[],"finalizers":[["a"]]}}"#;
        assert_eq!(answer(patch), expected);
    }

    #[test]
    fn a_missing_merge_key_is_told_without_a_class() {
        let expected = "map: map[image:y] does not contain declared merge key: name";
        assert_eq!(answer(r#"{"spec":{"steps":[{"image":"y"}]}}"#), (500, expected.to_owned()));
    }

    #[test]
    fn what_does_not_decode_is_invalid_and_shows_the_patch() {
        let (code, message) = answer(r#"{"spec":{"steps":"y"}}"#);
        assert_eq!(code, 422);
        assert!(message.contains(r#"patch: Invalid value: "map[spec:map[steps:y]]""#), "{message}");
        let (code, message) = answer(r#"{"spec":{"nope":1,"nope":2}}"#);
        assert_eq!(code, 422);
        assert!(message.contains(r#"unknown field "spec.nope", duplicate field "spec.nope""#), "{message}");
    }
}
