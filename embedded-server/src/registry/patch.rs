//! Patches as pure functions from the stored object to the one it becomes.
//!
//! Source: `apiserver/pkg/endpoints/handlers/patch.go`.

use serde_json::{Map, Value};

use super::apply::{self, Writer};
use super::check::Found;
use super::form::Form;
use super::operation::{Body, Change};
use super::strategic::{self, Go, PatchError, PatchSchema};
use crate::codec::json_patch::{self, Patch, go_kind, undecodable};
use crate::codec::{Decoded, Problem, Tree, parse_tree};
use crate::meta::field::{self, Path};
use crate::meta::{ApiError, FieldValidation, Resource};

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
        Change::JsonPatch(body) => json_patch::read(&body.bytes).map(Prepared::Json),
        Change::Apply(body) => apply::read(body, validation).map(Prepared::Apply),
    }
}

fn read_merge(body: &Body) -> Result<Tree, ApiError> {
    let tree = parse_tree(&body.bytes, body.format).map_err(|why| undecodable(&why))?;
    match &tree.value {
        Value::Object(_) => Ok(tree),
        Value::Null => Err(ApiError::bad_request("Invalid JSON Patch")),
        other => Err(undecodable(&no_map(other))),
    }
}

/// Unlike the other patches, one that is `null` changes nothing.
fn read_strategic(body: &Body) -> Result<Tree, ApiError> {
    let mut tree = parse_tree(&body.bytes, body.format).map_err(ApiError::bad_request)?;
    match &tree.value {
        Value::Object(_) => {}
        Value::Null => tree.value = Value::Object(Map::new()),
        other => return Err(ApiError::bad_request(no_map(other))),
    }
    Ok(tree)
}

fn no_map(value: &Value) -> String {
    format!("json: cannot unmarshal {} into Go value of type map[string]interface {{}}", go_kind(value))
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
        let shown = |patched: &Value| match self {
            Self::Strategic(patch, _) => Go(&patch.value).to_string(),
            _ => patched.to_string(),
        };
        let value = self.patched(form.to_value_of_stored(current)?, writer)?;
        let result = match self.form_of(&value, writer) {
            Ok(form) => form,
            Err(why) => return Err(invalid_patch(&shown(&value), &why)),
        };
        let decoded = result.decode_value(Tree { value, duplicates: Vec::new() }, validation);
        with_oddities(decoded, self.oddities(), validation).or_else(|problem| {
            let live = form.to_value_of_stored(current)?;
            Err(invalid_patch(&shown(&self.patched(live, writer)?), &problem.to_string()))
        })
    }

    /// Tells in whose name owners that are named twice are found.
    pub(super) fn finds_owners(&self) -> Found {
        if matches!(self, Self::Replace(_)) { Found::Sent } else { Found::Patched }
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
            Self::Json(patch) => patch.apply(&mut value)?,
            Self::Apply(config) => value = writer.apply(Some(&value), &config.value)?,
        }
        Ok(value)
    }

    /// Returns what strict field validation has to say of the patch itself.
    fn oddities(&self) -> Vec<String> {
        let duplicates =
            |tree: &Tree| tree.duplicates.iter().map(|path| format!("duplicate field \"{path}\"")).collect();
        match self {
            Self::Merge(patch) | Self::Strategic(patch, _) | Self::Apply(patch) => duplicates(patch),
            Self::Json(patch) => patch.oddities(),
            Self::Replace(_) => Vec::new(),
        }
    }

    /// Returns the version of what a patch made: another one where the patch says so. A strategic merge patch is
    /// merged into an object of a type that it cannot change.
    ///
    /// # Errors
    /// Says which type it is that is not this one.
    fn form_of<'w>(&self, value: &Value, writer: &'w Writer<'_, T>) -> Result<&'w Form<T>, String> {
        let own = writer.form();
        if matches!(self, Self::Strategic(..)) {
            return Ok(own);
        }
        let text = |field: &str| value.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
        let kind = text("kind").unwrap_or(own.descriptor().kind);
        let form = writer.form_of(value).filter(|form| form.descriptor().kind == kind);
        form.ok_or_else(|| {
            let version = text("apiVersion").unwrap_or(own.api_version());
            format!("no kind \"{kind}\" is registered for version \"{version}\"")
        })
    }
}

/// Adds what is odd about a patch to what is odd about the object it makes.
fn with_oddities<T>(
    decoded: Result<Decoded<T>, Problem>,
    mut oddities: Vec<String>,
    validation: FieldValidation,
) -> Result<Decoded<T>, Problem> {
    match (decoded, validation) {
        (Ok(decoded), FieldValidation::Ignore) => Ok(decoded),
        (Ok(decoded), FieldValidation::Strict) if oddities.is_empty() => Ok(decoded),
        (Ok(_), FieldValidation::Strict) => Err(Problem::Strict(oddities)),
        (Ok(decoded), FieldValidation::Warn) => {
            oddities.extend(decoded.warnings);
            Ok(Decoded { object: decoded.object, warnings: oddities })
        }
        (Err(Problem::Strict(violations)), _) => {
            oddities.extend(violations);
            Err(Problem::Strict(oddities))
        }
        (mistyped, _) => mistyped,
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

/// 422 for a patch of which no object comes; names neither type nor object, as the source does not.
fn invalid_patch(shown: &str, why: &str) -> ApiError {
    let error = field::Error::invalid(&Path::new("patch"), shown, why);
    ApiError::invalid("", "", "", &[error])
}
