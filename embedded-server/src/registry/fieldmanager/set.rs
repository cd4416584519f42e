//! Sets of fields: who manages what is such a set, and so is what a change touches.
//!
//! Source: structured-merge-diff `fieldpath/set.go`.

use std::cmp::Ordering;
use std::iter::Peekable;
use std::slice::Iter;

use super::path::PathElement;

/// A set of fields below one value, as a tree in canonical order.
///
/// A parent and its children are members apart from each other: `spec` may be in the set without `spec.x`, and
/// the other way round.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FieldSet {
    /// Sorted by element, and none of them empty.
    nodes: Vec<Node>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Node {
    element: PathElement,
    branch: Branch,
}

/// What a set holds of one field: the field itself, fields below it, or both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Branch {
    /// Whether the field itself is in the set.
    pub(super) member: bool,
    /// What is in the set below it.
    pub(super) below: FieldSet,
}

impl Branch {
    /// Returns a branch that holds a field and nothing below it.
    pub(super) fn leaf() -> Self {
        Self { member: true, below: FieldSet::default() }
    }

    /// Tells whether the branch holds nothing.
    pub(super) fn is_empty(&self) -> bool {
        !self.member && self.below.is_empty()
    }

    /// Returns what either of two branches holds.
    pub(super) fn union(&self, other: &Self) -> Self {
        Self { member: self.member || other.member, below: self.below.union(&other.below) }
    }

    fn intersection(&self, other: &Self) -> Self {
        Self { member: self.member && other.member, below: self.below.intersection(&other.below) }
    }

    fn difference(&self, other: &Self) -> Self {
        Self { member: self.member && !other.member, below: self.below.difference(&other.below) }
    }

    fn recursive_difference(&self, other: &Self) -> Self {
        if other.member {
            return Self::default();
        }
        Self { member: self.member, below: self.below.recursive_difference(&other.below) }
    }
}

impl FieldSet {
    /// Returns a set of fields, each given by the names on the way to it.
    pub(super) fn of(paths: &[&[&str]]) -> Self {
        let mut set = Self::default();
        for path in paths {
            set.insert(path);
        }
        set
    }

    fn insert(&mut self, path: &[&str]) {
        let Some((first, rest)) = path.split_first() else { return };
        let mut branch = Branch { member: rest.is_empty(), below: Self::default() };
        branch.below.insert(rest);
        self.add(PathElement::field(first), branch);
    }

    /// Adds a field and what is below it. Cheapest when elements come in order.
    pub(super) fn add(&mut self, element: PathElement, branch: Branch) {
        if branch.is_empty() {
            return;
        }
        if self.nodes.last().is_none_or(|last| last.element < element) {
            self.nodes.push(Node { element, branch });
            return;
        }
        match self.nodes.binary_search_by(|node| node.element.cmp(&element)) {
            Ok(found) => self.nodes[found].branch = self.nodes[found].branch.union(&branch),
            Err(place) => self.nodes.insert(place, Node { element, branch }),
        }
    }

    /// Tells whether no field is in the set.
    pub(super) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Returns the elements of the set with what it holds of each, in canonical order.
    pub(super) fn branches(&self) -> impl Iterator<Item = (&PathElement, &Branch)> {
        self.nodes.iter().map(|node| (&node.element, &node.branch))
    }

    /// Returns what the set holds of one element.
    pub(super) fn branch(&self, element: &PathElement) -> Option<&Branch> {
        let found = self.nodes.binary_search_by(|node| node.element.cmp(element));
        found.ok().map(|place| &self.nodes[place].branch)
    }

    /// Returns what the set holds of a field, by name.
    pub(super) fn field(&self, name: &str) -> Option<&Branch> {
        let found = self.nodes.binary_search_by(|node| match &node.element {
            PathElement::Field(field) => field.as_str().cmp(name),
            _ => Ordering::Greater,
        });
        found.ok().map(|place| &self.nodes[place].branch)
    }

    /// Returns the fields that are in either set.
    #[must_use]
    pub(super) fn union(&self, other: &Self) -> Self {
        self.combine(other, |ours, theirs| match (ours, theirs) {
            (Some(ours), Some(theirs)) => ours.union(theirs),
            (Some(only), None) | (None, Some(only)) => only.clone(),
            (None, None) => Branch::default(),
        })
    }

    /// Returns the fields that are in both sets.
    #[must_use]
    pub(super) fn intersection(&self, other: &Self) -> Self {
        self.combine(other, |ours, theirs| match (ours, theirs) {
            (Some(ours), Some(theirs)) => ours.intersection(theirs),
            _ => Branch::default(),
        })
    }

    /// Returns the fields that are in this set only. Taking a parent away leaves its children, and the other
    /// way round.
    #[must_use]
    pub(super) fn difference(&self, other: &Self) -> Self {
        self.combine(other, |ours, theirs| match (ours, theirs) {
            (Some(ours), Some(theirs)) => ours.difference(theirs),
            (ours, _) => ours.cloned().unwrap_or_default(),
        })
    }

    /// Returns the fields that are neither in the other set nor below one of its fields.
    #[must_use]
    pub(super) fn recursive_difference(&self, other: &Self) -> Self {
        self.combine(other, |ours, theirs| match (ours, theirs) {
            (Some(ours), Some(theirs)) => ours.recursive_difference(theirs),
            (ours, _) => ours.cloned().unwrap_or_default(),
        })
    }

    /// Returns a set whose branches are made from the branches of two sets.
    fn combine(&self, other: &Self, with: impl Fn(Option<&Branch>, Option<&Branch>) -> Branch) -> Self {
        let mut nodes = Vec::new();
        for (element, ours, theirs) in Pairs::of(self, other) {
            let branch = with(ours, theirs);
            if !branch.is_empty() {
                nodes.push(Node { element: element.clone(), branch });
            }
        }
        Self { nodes }
    }

    /// Returns the paths of all fields, parents before children, in canonical order.
    pub(super) fn paths(&self) -> Vec<Vec<PathElement>> {
        let mut paths = Vec::new();
        self.collect_paths(&mut Vec::new(), &mut paths);
        paths
    }

    fn collect_paths(&self, prefix: &mut Vec<PathElement>, to: &mut Vec<Vec<PathElement>>) {
        for Node { element, .. } in self.nodes.iter().filter(|node| node.branch.member) {
            to.push(prefix.iter().chain([element]).cloned().collect());
        }
        for Node { element, branch } in &self.nodes {
            prefix.push(element.clone());
            branch.below.collect_paths(prefix, to);
            prefix.pop();
        }
    }
}

/// The elements of two sets in order, each with the branches that the sets have there.
struct Pairs<'a> {
    ours: Peekable<Iter<'a, Node>>,
    theirs: Peekable<Iter<'a, Node>>,
}

impl<'a> Pairs<'a> {
    fn of(ours: &'a FieldSet, theirs: &'a FieldSet) -> Self {
        Self { ours: ours.nodes.iter().peekable(), theirs: theirs.nodes.iter().peekable() }
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a PathElement, Option<&'a Branch>, Option<&'a Branch>);

    fn next(&mut self) -> Option<Self::Item> {
        let order = match (self.ours.peek(), self.theirs.peek()) {
            (None, None) => return None,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(ours), Some(theirs)) => ours.element.cmp(&theirs.element),
        };
        let ours = order.is_le().then(|| self.ours.next()).flatten();
        let theirs = order.is_ge().then(|| self.theirs.next()).flatten();
        let element = &ours.or(theirs)?.element;
        Some((element, ours.map(|node| &node.branch), theirs.map(|node| &node.branch)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(paths: &[&[&str]]) -> FieldSet {
        FieldSet::of(paths)
    }

    #[test]
    fn parents_and_children_are_members_apart() {
        let (parent, child) = (set(&[&["a"]]), set(&[&["a", "b"]]));
        let both = parent.union(&child);
        assert_eq!(both, set(&[&["a"], &["a", "b"]]));
        assert_eq!(both.difference(&parent), child);
        assert_eq!(both.difference(&child), parent);
        assert_eq!(parent.intersection(&child), FieldSet::default());
    }

    #[test]
    fn a_recursive_difference_takes_what_is_below_too() {
        let all = set(&[&["a"], &["a", "b"], &["a", "b", "c"], &["d"]]);
        assert_eq!(all.recursive_difference(&set(&[&["a", "b"]])), set(&[&["a"], &["d"]]));
        assert_eq!(all.recursive_difference(&set(&[&["a"]])), set(&[&["d"]]));
    }

    #[test]
    fn the_order_of_insertion_does_not_show() {
        assert_eq!(set(&[&["b"], &["a", "c"], &["a"]]), set(&[&["a"], &["a", "c"], &["b"]]));
    }

    #[test]
    fn what_is_empty_leaves_no_trace() {
        let one = set(&[&["a", "b", "c"]]);
        assert!(one.difference(&one).is_empty());
        assert_eq!(one.difference(&one), FieldSet::default());
    }

    #[test]
    fn paths_name_parents_before_children() {
        let paths = set(&[&["a", "b"], &["b"], &["a"]]).paths();
        let shown: Vec<String> =
            paths.iter().map(|path| path.iter().map(ToString::to_string).collect()).collect();
        assert_eq!(shown, [".a", ".b", ".a.b"]);
    }
}
