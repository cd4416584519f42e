//! How two values differ.
//!
//! Source: structured-merge-diff `typed/compare.go`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::order;
use super::super::path::PathElement;
use super::super::schema::{Kind, List, Map, Shape};
use super::super::set::{Branch, FieldSet};
use super::{elements, entries, is_one_list, is_one_map, items, pairs};

/// The fields in which two objects differ; no field is in more than one of the sets.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Comparison {
    pub(in super::super) added: FieldSet,
    pub(in super::super) modified: FieldSet,
    pub(in super::super) removed: FieldSet,
}

impl Comparison {
    /// Tells whether the objects are the same.
    pub(in super::super) fn is_same(&self) -> bool {
        self.added.is_empty() && self.modified.is_empty() && self.removed.is_empty()
    }

    /// Returns the comparison without some fields and all that is below them.
    pub(in super::super) fn without(self, fields: &FieldSet) -> Self {
        if fields.is_empty() {
            return self;
        }
        Self {
            added: self.added.recursive_difference(fields),
            modified: self.modified.recursive_difference(fields),
            removed: self.removed.recursive_difference(fields),
        }
    }

    /// Returns the fields that have another value than before.
    pub(in super::super) fn changed(&self) -> FieldSet {
        self.modified.union(&self.added)
    }
}

/// Compares two whole objects.
pub(in super::super) fn compare(kind: Kind<'_>, old: &Value, new: &Value) -> Comparison {
    let Difference { added, modified, removed } = difference(kind, Some(old), Some(new));
    Comparison { added: added.below, modified: modified.below, removed: removed.below }
}

/// The difference of two values, the place they stand in included.
#[derive(Default)]
struct Difference {
    added: Branch,
    modified: Branch,
    removed: Branch,
}

impl Difference {
    fn union(self, other: &Self) -> Self {
        Self {
            added: self.added.union(&other.added),
            modified: self.modified.union(&other.modified),
            removed: self.removed.union(&other.removed),
        }
    }

    /// Takes in the difference of a part.
    fn add(&mut self, element: &PathElement, part: Self) {
        for (whole, part) in [
            (&mut self.added, part.added),
            (&mut self.modified, part.modified),
            (&mut self.removed, part.removed),
        ] {
            if !part.is_empty() {
                whole.below.add(element.clone(), part);
            }
        }
    }

    /// Marks the place itself.
    fn mark(mut self, old: Option<&Value>, new: Option<&Value>) -> Self {
        self.added.member |= old.is_none();
        self.removed.member |= new.is_none();
        self
    }
}

fn difference(kind: Kind<'_>, old: Option<&Value>, new: Option<&Value>) -> Difference {
    let shapes = (old.map(|old| kind.shape(old)), new.map(|new| kind.shape(new)));
    match shapes {
        (None, None) => Difference::default(),
        (Some(shape), None) | (None, Some(shape)) => shaped(kind, shape, old, new),
        (Some(before), Some(after)) if is_same_form(before, after) => shaped(kind, after, old, new),
        (Some(before), Some(after)) => shaped(kind, before, old, new).union(&shaped(kind, after, old, new)),
    }
}

fn is_same_form(a: Shape<'_>, b: Shape<'_>) -> bool {
    matches!(
        (a, b),
        (Shape::Scalar(_), Shape::Scalar(_))
            | (Shape::List(_), Shape::List(_))
            | (Shape::Map(_), Shape::Map(_))
    )
}

fn shaped(kind: Kind<'_>, shape: Shape<'_>, old: Option<&Value>, new: Option<&Value>) -> Difference {
    match shape {
        Shape::List(list) if !is_one_list(list, old, new) => list_items(kind, list, old, new),
        Shape::Map(map) if !is_one_map(map, old, new) => map_entries(kind, map, old, new).mark(old, new),
        _ => leaf(old, new),
    }
}

fn leaf(old: Option<&Value>, new: Option<&Value>) -> Difference {
    let mut difference = Difference::default().mark(old, new);
    if let (Some(old), Some(new)) = (old, new) {
        difference.modified.member = !order::equal(old, new);
    }
    difference
}

fn map_entries(kind: Kind<'_>, map: &Map, old: Option<&Value>, new: Option<&Value>) -> Difference {
    let mut whole = Difference::default();
    for (name, old, new) in pairs(entries(old), entries(new)) {
        let part = difference(kind.field(map, name), old, new);
        if !(part.added.is_empty() && part.modified.is_empty() && part.removed.is_empty()) {
            whole.add(&PathElement::field(name), part);
        }
    }
    whole
}

/// The items that lists have under one name: usually one each.
type Sides<'a> = (Vec<&'a Value>, Vec<&'a Value>);

fn list_items(kind: Kind<'_>, list: &List, old: Option<&Value>, new: Option<&Value>) -> Difference {
    let before = items::named(kind, list, elements(old));
    let after = items::named(kind, list, elements(new));
    let (Some(before), Some(after)) = (before, after) else { return leaf(old, new) };
    let mut sides: BTreeMap<PathElement, Sides<'_>> = BTreeMap::new();
    before.into_iter().for_each(|(name, item)| sides.entry(name).or_default().0.push(item));
    after.into_iter().for_each(|(name, item)| sides.entry(name).or_default().1.push(item));
    let mut whole = Difference::default();
    for (name, (before, after)) in &sides {
        whole.add(name, item_difference(kind.item(list), before, after));
    }
    whole.mark(old, new)
}

/// Compares what stands under one name; what stands there several times is compared as one value.
fn item_difference(kind: Kind<'_>, before: &[&Value], after: &[&Value]) -> Difference {
    match (before, after) {
        ([] | [_], [] | [_]) => difference(kind, before.first().copied(), after.first().copied()),
        ([_, _, ..], [_, _, ..]) => {
            let same =
                before.len() == after.len() && before.iter().zip(after).all(|(a, b)| order::equal(a, b));
            let modified = if same { Branch::default() } else { Branch::leaf() };
            Difference { modified, ..Difference::default() }
        }
        ([_, _, ..], _) => {
            let mut difference = difference(kind, None, after.first().copied());
            difference.removed.member = true;
            difference
        }
        (_, [_, _, ..]) => {
            let mut difference = difference(kind, before.first().copied(), None);
            difference.added.member = true;
            difference
        }
    }
}
