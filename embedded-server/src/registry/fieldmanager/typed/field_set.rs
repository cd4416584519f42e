//! Which fields a value sets.
//!
//! Source: structured-merge-diff `typed/tofieldset.go`, `typed/reconcile_schema.go`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::path::PathElement;
use super::super::schema::{Identity, Kind, List, Map, Shape};
use super::super::set::{Branch, FieldSet};
use super::items;

/// Returns the fields that a whole object sets: its leaves, the items of its keyed lists and the entries of its
/// maps; not the fields of its structs that only contain others.
pub(in super::super) fn field_set(kind: Kind<'_>, object: &Value) -> FieldSet {
    branch(kind, object).below
}

fn branch(kind: Kind<'_>, value: &Value) -> Branch {
    match kind.shape(value) {
        Shape::Scalar(_) => Branch::leaf(),
        Shape::List(list) => match value.as_array() {
            _ if list.identity == Identity::Atomic => Branch::leaf(),
            Some(elements) => list_branch(kind, list, elements),
            None => Branch::default(),
        },
        Shape::Map(map) if map.atomic => Branch::leaf(),
        Shape::Map(map) => Branch { member: false, below: map_fields(kind, map, value) },
    }
}

fn map_fields(kind: Kind<'_>, map: &Map, value: &Value) -> FieldSet {
    let mut fields = FieldSet::default();
    for (name, value) in value.as_object().into_iter().flatten() {
        let mut branch = branch(kind.field(map, name), value);
        branch.member |= stands_alone(value) || !map.has_field(name);
        fields.add(PathElement::field(name), branch);
    }
    fields
}

/// Tells whether a value has nothing in it that could be owned in its place.
fn stands_alone(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(entries) => entries.is_empty(),
        _ => false,
    }
}

fn list_branch(kind: Kind<'_>, list: &List, elements: &[Value]) -> Branch {
    let Some(named) = items::named(kind, list, elements) else { return Branch::leaf() };
    let mut times: BTreeMap<&PathElement, usize> = BTreeMap::new();
    named.iter().for_each(|(name, _)| *times.entry(name).or_default() += 1);
    let mut below = FieldSet::default();
    for (name, item) in &named {
        let mut branch = if times[name] > 1 { Branch::default() } else { branch(kind.item(list), item) };
        branch.member = true;
        below.add(name.clone(), branch);
    }
    Branch { member: false, below }
}

/// Returns a set with the struct fields added that contain its fields.
pub(in super::super) fn with_named_fields(kind: Option<Kind<'_>>, set: &FieldSet) -> FieldSet {
    let mut full = FieldSet::default();
    for (element, branch) in set.branches() {
        let contains = !branch.below.is_empty() && names_field(kind, element);
        let below = if branch.below.is_empty() {
            FieldSet::default()
        } else {
            with_named_fields(kind.and_then(|kind| below(kind, element)), &branch.below)
        };
        full.add(element.clone(), Branch { member: branch.member || contains, below });
    }
    full
}

fn names_field(kind: Option<Kind<'_>>, element: &PathElement) -> bool {
    match (kind.and_then(Kind::as_map), element) {
        (Some(map), PathElement::Field(name)) => map.has_field(name),
        _ => false,
    }
}

/// Returns the type of what an element leads to.
fn below<'a>(kind: Kind<'a>, element: &PathElement) -> Option<Kind<'a>> {
    match element {
        PathElement::Field(name) => kind.as_map().map(|map| kind.field(map, name)),
        PathElement::Key(_) => kind.as_list().map(|list| kind.item(list)),
        PathElement::Value(_) | PathElement::Index(_) => None,
    }
}

/// Brings a set that was written under an older schema up to date: who owned parts of what is one value now,
/// owns all of it.
pub(in super::super) fn reconcile(kind: Kind<'_>, set: FieldSet) -> FieldSet {
    if has_outdated(kind, &set) { reconciled(kind, &set) } else { set }
}

fn has_outdated(kind: Kind<'_>, set: &FieldSet) -> bool {
    typed_branches(kind, set).any(|(_, branch, below)| {
        !branch.below.is_empty()
            && below.is_some_and(|kind| is_one_value(kind) || has_outdated(kind, &branch.below))
    })
}

fn reconciled(kind: Kind<'_>, set: &FieldSet) -> FieldSet {
    let mut updated = FieldSet::default();
    for (element, branch, below) in typed_branches(kind, set) {
        let branch = match below {
            Some(kind) if !branch.below.is_empty() && is_one_value(kind) => Branch::leaf(),
            Some(kind) => Branch { member: branch.member, below: reconciled(kind, &branch.below) },
            None => branch.clone(),
        };
        updated.add(element.clone(), branch);
    }
    updated
}

fn typed_branches<'s>(
    kind: Kind<'s>,
    set: &'s FieldSet,
) -> impl Iterator<Item = (&'s PathElement, &'s Branch, Option<Kind<'s>>)> {
    let below = move |element: &PathElement| if kind.is_deduced() { None } else { below(kind, element) };
    set.branches().map(move |(element, branch)| (element, branch, below(element)))
}

fn is_one_value(kind: Kind<'_>) -> bool {
    match (kind.as_map(), kind.as_list()) {
        (Some(map), _) => map.atomic,
        (None, Some(list)) => list.identity == Identity::Atomic,
        (None, None) => false,
    }
}
