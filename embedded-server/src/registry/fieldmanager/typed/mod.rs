//! Values seen through their types: which fields they set, how they differ, what they merge to.
//!
//! Every function is total: a live object that does not fit its type is treated as far as it fits. What clients
//! apply is checked by [`validate`] first.
//!
//! Source: structured-merge-diff `typed/`.

mod compare;
mod field_set;
mod items;
mod merge;
mod remove;
mod show;
mod validate;

pub(super) use compare::{Comparison, compare};
pub(super) use field_set::{field_set, reconcile, with_named_fields};
pub(super) use merge::merge;
pub(super) use remove::remove;
pub(super) use validate::validate;

use serde_json::{Map, Value};

use super::schema::{self, Identity, List};

type Object = Map<String, Value>;

/// Returns the entries of an object; none for everything else.
fn entries(value: Option<&Value>) -> Option<&Object> {
    value.and_then(Value::as_object)
}

/// Returns the items of a list; none for everything else.
fn elements(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Tells whether two lists are compared as one value: because their type says so, or because there is nothing in
/// them, which keeps an empty list apart from none.
fn is_one_list(list: &List, a: Option<&Value>, b: Option<&Value>) -> bool {
    list.identity == Identity::Atomic || elements(a).is_empty() && elements(b).is_empty()
}

/// Tells whether two maps are compared as one value.
fn is_one_map(map: &schema::Map, a: Option<&Value>, b: Option<&Value>) -> bool {
    let is_empty = |value| entries(value).is_none_or(Map::is_empty);
    map.atomic || is_empty(a) && is_empty(b)
}

/// Returns every name that either object has, with what each has under it.
fn pairs<'a>(
    left: Option<&'a Object>,
    right: Option<&'a Object>,
) -> impl Iterator<Item = (&'a String, Option<&'a Value>, Option<&'a Value>)> {
    let mut left = left.into_iter().flatten().peekable();
    let mut right = right.into_iter().flatten().peekable();
    std::iter::from_fn(move || {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return None,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some((left, _)), Some((right, _))) => left.cmp(right),
        };
        let left = order.is_le().then(|| left.next()).flatten();
        let right = order.is_ge().then(|| right.next()).flatten();
        let name = left.or(right)?.0;
        Some((name, left.map(|(_, value)| value), right.map(|(_, value)| value)))
    })
}
