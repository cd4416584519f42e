//! What differs from one resource type to the next.

use std::fmt::Debug;

use crate::codec::Cell;
use crate::meta::{Resource, Subresource, field};

/// The rules of one resource type; everything else is written once, in
/// [`Registry`](crate::registry::Registry).
///
/// All methods are pure: they see the object and nothing else. Names, labels, annotations, finalizers, owner
/// references and the immutability of metadata are checked for every type and need no word here.
pub trait Strategy: Debug + Send + Sync + 'static {
    /// The type the rules are for.
    type Object: Resource;

    /// Brings an object into the form in which it may be created: clears what clients must not set and fills
    /// in defaults. Runs before `validate`.
    fn prepare_for_create(&self, object: &mut Self::Object);

    /// Brings an update into the form in which it may be stored: restores from `old` what a write to `part`
    /// must not touch (none is the object's own address) and counts the generation.
    fn prepare_for_update(&self, part: Option<Subresource>, new: &mut Self::Object, old: &Self::Object);

    /// Returns every rule that the object breaks.
    fn validate(&self, object: &Self::Object) -> field::Errors;

    /// Returns every rule that the step from `old` to `new` breaks, `validate`'s among them.
    fn validate_update(&self, new: &Self::Object, _old: &Self::Object) -> field::Errors {
        self.validate(new)
    }

    /// Returns what a writer should know about an object that is accepted all the same.
    fn warnings(&self, _object: &Self::Object) -> Vec<String> {
        Vec::new()
    }

    /// Returns the columns of the type's table after `Name`.
    fn columns(&self) -> &'static [Column<Self::Object>];

    /// Returns the fields that a field selector may name, besides `metadata.name` and `metadata.namespace`.
    fn selectable_fields(&self) -> &'static [SelectableField<Self::Object>] {
        &[]
    }
}

/// A column of the table that `kubectl get` shows.
#[derive(Debug)]
pub struct Column<O> {
    /// The heading.
    pub name: &'static str,
    /// The OpenAPI type of the cells: `string`, `integer`, `number`, `boolean` or `date`.
    pub kind: &'static str,
    /// The OpenAPI format of the cells; empty for none.
    pub format: &'static str,
    /// What the column says, for people.
    pub description: &'static str,
    /// Zero for columns that are always shown; higher ones are shown by `-o wide`.
    pub priority: i32,
    /// Returns the cell of an object.
    pub cell: fn(&O) -> Cell,
}

/// A field that a field selector may name.
#[derive(Debug)]
pub struct SelectableField<O> {
    /// The path, for example `status.phase`.
    pub path: &'static str,
    /// Returns the field's value; empty when it is not set.
    pub value: fn(&O) -> &str,
}
