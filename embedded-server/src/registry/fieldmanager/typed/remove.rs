//! A value without some of its fields.
//!
//! Source: structured-merge-diff `typed/remove.go`.

use serde_json::{Map as Object, Value};

use super::super::schema::{Identity, Kind, List, Map, Shape};
use super::super::set::FieldSet;
use super::items;

/// Returns a value without the fields, entries and whole list items in a set. What is left empty is `null`.
pub(in super::super) fn remove(kind: Kind<'_>, value: &Value, fields: &FieldSet) -> Value {
    match (kind.shape(value), value) {
        (Shape::List(list), Value::Array(elements)) if list.identity != Identity::Atomic => {
            from_list(kind, list, elements, fields)
        }
        (Shape::Map(map), Value::Object(entries)) if !map.atomic => from_map(kind, map, entries, fields),
        (Shape::Scalar(_), scalar) => scalar.clone(),
        _ => Value::Null,
    }
}

fn from_list(kind: Kind<'_>, list: &List, elements: &[Value], fields: &FieldSet) -> Value {
    let keep = |item: &Value| {
        let branch = items::name(kind, list, item).ok().and_then(|name| fields.branch(&name));
        match branch {
            Some(branch) if branch.member => None,
            Some(branch) => Some(remove(kind.item(list), item, &branch.below)),
            None => Some(item.clone()),
        }
    };
    let kept: Vec<Value> = elements.iter().filter_map(keep).collect();
    if kept.is_empty() { Value::Null } else { Value::Array(kept) }
}

fn from_map(kind: Kind<'_>, map: &Map, entries: &Object<String, Value>, fields: &FieldSet) -> Value {
    let keep = |(name, value): (&String, &Value)| {
        let branch = fields.field(name);
        let value = match branch {
            Some(branch) if branch.member => return None,
            Some(branch) => remove(kind.field(map, name), value, &branch.below),
            None => value.clone(),
        };
        Some((name.clone(), value))
    };
    let kept: Object<String, Value> = entries.iter().filter_map(keep).collect();
    if kept.is_empty() { Value::Null } else { Value::Object(kept) }
}
