//! What differs from one resource type to the next.

use std::fmt::Debug;
use std::marker::PhantomData;

use crate::codec::Cell;
use crate::meta::{Resource, Subresource, field};

/// The rules of one resource type; everything else is written once, in
/// [`Registry`](crate::registry::Registry).
///
/// All methods are pure: they see the object and nothing else. Names, labels, annotations, finalizers, owner
/// references and the immutability of metadata are checked for every type and need no word here.
///
/// What prepares an object is called again when admission changes it, and has to come to the same result then.
/// Each method may be left out; without any of them a type has no rules of its own. The object is always in the
/// version in which it is stored.
pub trait Strategy: Debug + Send + Sync + 'static {
    /// The type the rules are for.
    type Object: Resource;

    /// Brings an object into the form in which it may be created: clears what clients must not set and fills
    /// in defaults. Runs before `validate`. A type without subresources has nothing that clients must not set.
    fn prepare_for_create(&self, _object: &mut Self::Object) {}

    /// Brings an update into the form in which it may be stored: restores from `old` what a write to `part`
    /// must not touch (none is the object's own address) and counts the generation. Needed by every type that has
    /// subresources.
    fn prepare_for_update(&self, _part: Option<Subresource>, _new: &mut Self::Object, _old: &Self::Object) {}

    /// Returns every rule that the object breaks.
    fn validate(&self, _object: &Self::Object) -> field::Errors {
        field::Errors::new()
    }

    /// Returns every rule that the step from `old` to `new` breaks, `validate`'s among them.
    fn validate_update(&self, new: &Self::Object, _old: &Self::Object) -> field::Errors {
        self.validate(new)
    }

    /// Returns what a writer should know about an object that is accepted all the same.
    fn warnings(&self, _object: &Self::Object) -> Vec<String> {
        Vec::new()
    }

    /// Returns what a writer should know about an update that is accepted all the same.
    fn update_warnings(&self, new: &Self::Object, _old: &Self::Object) -> Vec<String> {
        self.warnings(new)
    }

    /// Returns the columns of the type's table after `Name`: when objects were created, unless the type says more.
    fn columns(&self) -> &'static [Column<Self::Object>] {
        &CreatedAt::<Self::Object>::COLUMNS
    }

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

/// The table of a type that says nothing about its columns. Source: `apiserver/pkg/registry/rest/table.go`.
struct CreatedAt<O>(PhantomData<O>);

impl<O: Resource> CreatedAt<O> {
    const COLUMNS: [Column<O>; 1] = [Column {
        name: "Created At",
        kind: "date",
        format: "",
        description: CREATION_TIMESTAMP,
        priority: 0,
        cell: |object| {
            let created = object.metadata().creation_timestamp.as_ref();
            Cell::Fixed(created.map_or(NEVER.to_owned(), |created| created.0.to_string()).into())
        },
    }];
}

/// How Go spells the time of what was never created: a bookmark.
const NEVER: &str = "0001-01-01T00:00:00Z";

const CREATION_TIMESTAMP: &str = "CreationTimestamp is a timestamp representing the server time when this object was \
    created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set \
    this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for \
    lists. More info: \
    https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";
