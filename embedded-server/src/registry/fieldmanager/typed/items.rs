//! How the items of keyed lists and sets are named.
//!
//! Source: structured-merge-diff `typed/helpers.go`.

use serde_json::Value;

use super::super::path::{PathElement, quote};
use super::super::schema::{Identity, Kind, List};

/// Returns the names of a list's items; none when the list is one value, or holds what cannot be named.
pub(super) fn named<'v>(
    kind: Kind<'_>,
    list: &List,
    items: &'v [Value],
) -> Option<Vec<(PathElement, &'v Value)>> {
    items.iter().map(|item| name(kind, list, item).ok().map(|name| (name, item))).collect()
}

/// Returns the name of one item.
///
/// # Errors
/// Why it has none, in the source's words.
pub(super) fn name(kind: Kind<'_>, list: &List, item: &Value) -> Result<PathElement, String> {
    match &list.identity {
        Identity::Atomic => Err("invalid indexing of non-associative list".to_owned()),
        Identity::Set => by_value(item),
        Identity::Keys(keys) => by_keys(kind.item(list), keys, item),
    }
}

fn by_value(item: &Value) -> Result<PathElement, String> {
    let why = match item {
        Value::Object(_) => "associative list without keys has an element that's a map type",
        Value::Array(_) => "not supported: associative list with lists as elements",
        Value::Null => "associative list without keys has an element that's an explicit null",
        scalar => return Ok(PathElement::Value(scalar.clone())),
    };
    Err(why.to_owned())
}

fn by_keys(kind: Kind<'_>, keys: &[String], item: &Value) -> Result<PathElement, String> {
    let item = match item {
        Value::Object(item) => item,
        Value::Null => return Err("associative list with keys may not have a null element".to_owned()),
        _ => return Err("associative list with keys may not have non-map elements".to_owned()),
    };
    let value = |key: &String| {
        item.get(key).or_else(|| kind.default_of(key)).map(|value| (key.clone(), value.clone()))
    };
    let mut fields: Vec<_> = keys.iter().filter_map(value).collect();
    if fields.is_empty() {
        return Err(keyless(keys));
    }
    fields.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(PathElement::Key(fields))
}

fn keyless(keys: &[String]) -> String {
    let keys: Vec<String> = keys.iter().map(|key| quote(key)).collect();
    format!(
        "associative list with keys has an element that omits all key fields [{}] (and doesn't have default values for \
         any key fields)",
        keys.join(" ")
    )
}
