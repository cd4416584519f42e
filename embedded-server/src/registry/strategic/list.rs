//! Lists: replaced, merged as sets or as maps by a key, shortened, and put in order.

use std::collections::HashSet;

use serde_json::Value;

use super::order::{Identity, Ranks, arrange, ranks};
use super::schema::{Field, Shape};
use super::{LIST, Object, PATCH, PatchError, SET_ORDER, added, list_of_directive, merge_map, type_name};

/// Returns what a list becomes by the list in the patch.
pub(super) fn merge(
    original: Vec<Value>,
    patch: Vec<Value>,
    field: Field<'_>,
) -> Result<Vec<Value>, PatchError> {
    if !field.merges() {
        return Ok(patch);
    }
    match element_type(&original, &patch)? {
        None => Ok(original),
        Some(Element::Map) => merge_maps(original, patch, field),
        Some(Element::Scalar) => merge_scalars(original, patch, field),
    }
}

/// Returns a list without the values that are named, whatever the patch strategy of the list is.
pub(super) fn take_out(
    original: Vec<Value>,
    values: Vec<Value>,
    field: Field<'_>,
) -> Result<Vec<Value>, PatchError> {
    match element_type(&original, &values)? {
        None => Ok(original),
        Some(Element::Map) => merge_maps(original, values, field),
        Some(Element::Scalar) => {
            let values: HashSet<Value> = values.into_iter().collect();
            Ok(original.into_iter().filter(|item| !values.contains(item)).collect())
        }
    }
}

/// Merges the lists for which the patch sets an order, and takes them and their orders out of it.
pub(super) fn reorder_all(
    original: &mut Object,
    patch: &mut Object,
    shape: Shape<'_>,
) -> Result<(), PatchError> {
    let directives: Vec<String> = patch.keys().filter(|name| name.starts_with(SET_ORDER)).cloned().collect();
    for directive in directives {
        let Some(order) = patch.remove(&directive) else { continue };
        let Value::Array(order) = order else { return Err(PatchError::mistyped(LIST, &order)) };
        let name = list_of_directive(&directive, SET_ORDER, PatchError::SetElementOrder)?.unwrap_or_default();
        let (live, sent) = (take_list(original, name)?, take_list(patch, name)?);
        if let Some(list) = reorder(live, sent, &order, shape.field(name))? {
            original.insert(name.to_owned(), Value::Array(list));
        }
    }
    Ok(())
}

fn take_list(object: &mut Object, name: &str) -> Result<Option<Vec<Value>>, PatchError> {
    match object.remove(name) {
        None => Ok(None),
        Some(Value::Array(list)) => Ok(Some(list)),
        Some(other) => Err(PatchError::mistyped(LIST, &other)),
    }
}

/// Merges a list and puts it in order; none when neither side has it.
fn reorder(
    live: Option<Vec<Value>>,
    sent: Option<Vec<Value>>,
    order: &[Value],
    field: Field<'_>,
) -> Result<Option<Vec<Value>>, PatchError> {
    let identity = Identity::by(field.merge_key());
    let none = &[][..];
    let (live_items, sent_items) = (live.as_deref().unwrap_or(none), sent.as_deref().unwrap_or(none));
    check_order(sent_items, order, identity)?;
    if live.is_none() && sent.is_none() {
        return Ok(None);
    }
    element_type(live_items, sent_items)?.ok_or_else(PatchError::no_elements)?;
    let wanted = ranks(order, identity)?;
    let standing = ranks(live_items, identity)?;
    let merged = match (live, sent) {
        (Some(live), Some(sent)) => merge(live, sent, field)?,
        (Some(list), None) => list,
        (None, sent) => sent.unwrap_or_default().into_iter().filter_map(added).collect(),
    };
    arrange(merged, &wanted, &standing, identity).map(Some)
}

/// Checks that the items of a patch stand in the order that it sets; items with a directive stand anywhere.
fn check_order(sent: &[Value], order: &[Value], identity: Identity<'_>) -> Result<(), PatchError> {
    if sent.is_empty() || order.is_empty() {
        return Ok(());
    }
    let mut rest = order.iter();
    for item in sent.iter().filter(|item| item.get(PATCH).is_none()) {
        if !skip_to(&mut rest, identity.of(item)?, identity)? {
            return Err(PatchError::out_of_order(sent, order));
        }
    }
    Ok(())
}

/// Skips all up to the item of this identity; false when there is none.
fn skip_to<'a>(
    rest: &mut impl Iterator<Item = &'a Value>,
    wanted: &Value,
    identity: Identity<'_>,
) -> Result<bool, PatchError> {
    for item in rest {
        if identity.of(item)? == wanted {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Merges two lists as sets.
fn merge_scalars(
    original: Vec<Value>,
    patch: Vec<Value>,
    field: Field<'_>,
) -> Result<Vec<Value>, PatchError> {
    let identity = Identity::by(field.merge_key());
    let (wanted, live) = (ranks(&patch, identity)?, ranks(&original, identity)?);
    let mut seen = HashSet::new();
    let both = original.into_iter().chain(patch);
    let merged = both.filter(|item| seen.insert(item.clone())).collect();
    arrange(merged, &wanted, &live, identity)
}

/// Merges two lists as maps by the merge key.
fn merge_maps(original: Vec<Value>, patch: Vec<Value>, field: Field<'_>) -> Result<Vec<Value>, PatchError> {
    let key = field.merge_key().ok_or_else(PatchError::no_declared_merge_key)?;
    let identity = Identity::Key(key);
    let Directed { deleted, replace, plain } = Directed::read(patch, identity)?;
    let wanted = ranks(&plain, identity)?;
    if replace {
        return Ok(plain);
    }
    let keeps = |item: &Value| item.get(key).is_none_or(|value| !deleted.contains(value));
    let original: Vec<Value> = original.into_iter().filter(keeps).collect();
    let live = ranks(&original, identity)?;
    let merged = merge_items(original, plain, live.clone(), field.shape().items(), identity)?;
    arrange(merged, &wanted, &live, identity)
}

/// Merges items into those with the same key, and appends the rest.
fn merge_items(
    mut original: Vec<Value>,
    patch: Vec<Value>,
    mut places: Ranks,
    shape: Shape<'_>,
    identity: Identity<'_>,
) -> Result<Vec<Value>, PatchError> {
    for item in patch {
        let key = identity.of(&item)?;
        match (places.get(key).and_then(|place| original.get_mut(*place)), item) {
            (Some(Value::Object(old)), Value::Object(new)) => {
                *old = merge_map(std::mem::take(old), new, shape)?;
            }
            (_, item) => {
                places.insert(identity.of(&item)?.clone(), original.len());
                original.push(item);
            }
        }
    }
    Ok(original)
}

/// The items of a patch, sorted by their directives.
struct Directed {
    /// The keys of the items that go.
    deleted: HashSet<Value>,
    /// Whether the patch is the whole list.
    replace: bool,
    /// The items without a directive.
    plain: Vec<Value>,
}

impl Directed {
    fn read(patch: Vec<Value>, identity: Identity<'_>) -> Result<Self, PatchError> {
        let mut read = Self { deleted: HashSet::new(), replace: false, plain: Vec::new() };
        for item in patch {
            match (item.get(PATCH).map(Value::as_str), &item) {
                (None, _) => read.plain.push(item),
                (Some(Some("delete")), _) => drop(read.deleted.insert(identity.of(&item)?.clone())),
                (Some(Some("replace")), _) => read.replace = true,
                (Some(Some("merge")), _) => return Err(PatchError::merge_of_list()),
                (Some(_), Value::Object(map)) => return Err(PatchError::unknown_directive(map.clone())),
                (Some(_), other) => return Err(PatchError::mistyped(super::MAP, other)),
            }
        }
        Ok(read)
    }
}

/// What lists are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Element {
    Map,
    Scalar,
}

/// Returns what both lists are made of; none when both are empty.
fn element_type(original: &[Value], patch: &[Value]) -> Result<Option<Element>, PatchError> {
    let mut items = original.iter().chain(patch);
    let Some(first) = items.next() else { return Ok(None) };
    if first.is_array() {
        return Err(PatchError::ListOfLists);
    }
    if items.any(|item| type_name(item) != type_name(first)) {
        return Err(PatchError::mixed(original, patch));
    }
    Ok(Some(if first.is_object() { Element::Map } else { Element::Scalar }))
}
