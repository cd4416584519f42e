//! Strategic merge patches: merge patches that know which lists are sets and which are maps by a key.
//!
//! Pure: from an object, a patch and a [`PatchSchema`] to the object that they make. Source of the semantics:
//! `apimachinery/pkg/util/strategicpatch/patch.go` and the community's
//! `contributors/devel/sig-api-machinery/strategic-merge-patch.md`.
//!
//! Two things differ on purpose. Fields that no schema knows are merged as by RFC 7386 instead of refused, and
//! the order of a list never depends on memory that Go's slices happen to share.

mod error;
mod go;
mod list;
mod order;
mod retain;
mod schema;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

pub(super) use self::error::PatchError;
use self::error::type_name;
pub(super) use self::go::Go;
pub(super) use self::schema::PatchSchema;
use self::schema::Shape;

/// The directive of a map: what to do with the whole of it.
const PATCH: &str = "$patch";
/// The directive that names the only fields which may stay in a map.
const RETAIN_KEYS: &str = "$retainKeys";
/// What the directive `…/<list>` begins with that takes values out of a list.
const DELETE_FROM: &str = "$deleteFromPrimitiveList";
/// What the directive `…/<list>` begins with that puts a list in order.
const SET_ORDER: &str = "$setElementOrder";

const MAP: &str = "map[string]interface {}";
const LIST: &str = "[]interface {}";

type Object = Map<String, Value>;

/// Returns what `original` becomes by `patch`. An original that is no map counts as an empty one.
///
/// # Errors
/// See [`PatchError`].
pub(super) fn apply(original: &Value, patch: &Value, schema: &PatchSchema) -> Result<Value, PatchError> {
    let Value::Object(patch) = patch else { return Err(PatchError::mistyped(MAP, patch)) };
    let original = original.as_object().cloned().unwrap_or_default();
    merge_map(original, patch.clone(), schema.root()).map(Value::Object)
}

fn merge_map(mut original: Object, mut patch: Object, shape: Shape<'_>) -> Result<Object, PatchError> {
    if let Some(directive) = patch.remove(PATCH) {
        return direct(directive, patch);
    }
    retain::apply(&mut original, &mut patch)?;
    list::reorder_all(&mut original, &mut patch, shape)?;
    for (name, value) in patch {
        match list_of_directive(&name, DELETE_FROM, PatchError::PrimitiveList)? {
            Some(list) => take_out(&mut original, list, value, shape)?,
            None => merge_field(&mut original, name, value, shape)?,
        }
    }
    Ok(original)
}

/// Carries out the directive of a map.
fn direct(directive: Value, mut patch: Object) -> Result<Object, PatchError> {
    match directive.as_str() {
        Some("replace") => Ok(patch),
        Some("delete") => Ok(Object::new()),
        _ => {
            patch.insert(PATCH.to_owned(), directive);
            Err(PatchError::unknown_directive(patch))
        }
    }
}

fn merge_field(
    original: &mut Object,
    name: String,
    value: Value,
    shape: Shape<'_>,
) -> Result<(), PatchError> {
    match (original.get_mut(&name), value) {
        (_, Value::Null) => {
            original.remove(&name);
        }
        (Some(Value::Object(old)), Value::Object(new)) => {
            let field = shape.field(&name);
            *old = if field.replaces() { new } else { merge_map(std::mem::take(old), new, field.shape())? };
        }
        (Some(Value::Array(old)), Value::Array(new)) => {
            *old = list::merge(std::mem::take(old), new, shape.field(&name))?;
        }
        (_, new) => match added(new) {
            Some(new) => drop(original.insert(name, new)),
            None => drop(original.remove(&name)),
        },
    }
    Ok(())
}

/// Takes values out of a list; a field that is no list stays as it is.
fn take_out(original: &mut Object, name: &str, values: Value, shape: Shape<'_>) -> Result<(), PatchError> {
    match (original.get_mut(name), values) {
        (_, Value::Null) => drop(original.remove(name)),
        (Some(Value::Array(old)), Value::Array(values)) => {
            *old = list::take_out(std::mem::take(old), values, shape.field(name))?;
        }
        _ => {}
    }
    Ok(())
}

/// Returns the list that a directive of the form `<directive>/<list>` is about; none for other fields.
fn list_of_directive<'a>(
    name: &'a str,
    directive: &str,
    malformed: PatchError,
) -> Result<Option<&'a str>, PatchError> {
    match name.strip_prefix(directive) {
        None => Ok(None),
        Some(rest) => rest.strip_prefix('/').map(Some).ok_or(malformed),
    }
}

/// Returns a value as it is where there was none before: without nulls in maps, and without the maps that carry
/// a directive; none when it is such a map itself.
fn added(value: Value) -> Option<Value> {
    match value {
        Value::Object(map) if map.contains_key(PATCH) => None,
        Value::Object(map) => {
            let fields = map.into_iter().filter(|(_, value)| !value.is_null());
            Some(Value::Object(fields.filter_map(|(name, value)| Some((name, added(value)?))).collect()))
        }
        Value::Array(items) => Some(Value::Array(items.into_iter().filter_map(added).collect())),
        scalar => Some(scalar),
    }
}
