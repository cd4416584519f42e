//! How the values of a resource type merge: which lists are keyed, which maps are one value.
//!
//! A [`Schema`] is made once per resource from the JSON schema of its Rust type and the `x-kubernetes-…`
//! extensions in it. Knows nothing of managers.
//!
//! Source: structured-merge-diff `schema/elements.go`.

mod convert;
mod metadata;

use std::collections::BTreeMap;

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::set::FieldSet;
use crate::meta::{Descriptor, Subresource};

/// How deep types are followed; whatever lies deeper is one value. The decoder reads 128 levels, and
/// `metadata.managedFields` needs some for itself: an object must not become unreadable by what is recorded of it.
const DEEPEST: usize = 100;

/// The index of a type that is known from its values only.
const DEDUCED: usize = 0;

/// The merge semantics of one version of a resource.
#[derive(Debug)]
pub(in crate::registry) struct Schema {
    api_version: String,
    kind: &'static str,
    types: Vec<Type>,
    root: usize,
    /// What writes to the object itself cannot change, and so never own.
    reset_by_object: FieldSet,
    /// What writes to the status cannot change.
    reset_by_status: FieldSet,
}

/// What a value may be; of several forms the value itself tells which.
#[derive(Clone, Debug, Default)]
struct Type {
    scalar: Option<Scalar>,
    list: Option<List>,
    map: Option<Map>,
}

/// A value without parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scalar {
    Any,
    Boolean,
    Numeric,
    String,
}

/// A list and how its items are told apart.
#[derive(Clone, Debug)]
pub(super) struct List {
    item: usize,
    /// How its items are told apart.
    pub(super) identity: Identity,
}

/// How the items of a list are told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Identity {
    /// Not at all: the list is one value.
    Atomic,
    /// By their values.
    Set,
    /// By the values of these fields.
    Keys(Vec<String>),
}

/// An object with fields, a map with entries, or both.
#[derive(Clone, Debug, Default)]
pub(super) struct Map {
    fields: BTreeMap<String, Field>,
    /// The type of what is no field; without it there must be nothing else.
    rest: Option<usize>,
    /// Whether the map is one value.
    pub(super) atomic: bool,
}

#[derive(Clone, Debug)]
struct Field {
    kind: usize,
    default: Option<Value>,
}

impl Schema {
    /// Makes the schema of a resource from what generates the JSON schema of its Rust type.
    pub(in crate::registry) fn of(
        descriptor: &Descriptor,
        root: fn(&mut SchemaGenerator) -> schemars::Schema,
    ) -> Self {
        let mut generator = SchemaSettings::draft2019_09().into_generator();
        let root = root(&mut generator).to_value();
        Self::from_json(descriptor, &root, generator.take_definitions(true))
    }

    fn from_json(descriptor: &Descriptor, root: &Value, definitions: serde_json::Map<String, Value>) -> Self {
        let (types, root) = convert::convert(root, definitions);
        let has_status = descriptor.subresources.contains(&Subresource::Status);
        let others = types[root].map.iter().flat_map(|map| map.fields.keys());
        let others: Vec<[&str; 1]> =
            others.map(|field| [field.as_str()]).filter(|field| *field != ["status"]).collect();
        let others: Vec<&[&str]> = others.iter().map(|path| &path[..]).collect();
        Self {
            api_version: descriptor.api_version(),
            kind: descriptor.kind,
            reset_by_object: FieldSet::of(if has_status { &[&["status"]] } else { &[] }),
            reset_by_status: FieldSet::of(&others),
            types,
            root,
        }
    }

    /// Returns `group/version`.
    pub(super) fn api_version(&self) -> &str {
        &self.api_version
    }

    /// Returns the kind of the objects.
    pub(super) fn kind(&self) -> &'static str {
        self.kind
    }

    /// Returns the type of whole objects.
    pub(super) fn root(&self) -> Kind<'_> {
        Kind { types: &self.types, this: &self.types[self.root], depth: 0 }
    }

    /// Returns the fields that writes to `subresource` leave as they are; empty stands for the object itself.
    pub(super) fn reset_fields(&self, subresource: &str) -> &FieldSet {
        if subresource.is_empty() { &self.reset_by_object } else { &self.reset_by_status }
    }
}

/// The type of a value, somewhere in an object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind<'a> {
    types: &'a [Type],
    this: &'a Type,
    depth: usize,
}

/// What a value of a type is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape<'a> {
    /// A value without parts.
    Scalar(Scalar),
    /// A list.
    List(&'a List),
    /// An object or map.
    Map(&'a Map),
}

impl<'a> Kind<'a> {
    /// Returns what a value is. `null`, and what does not fit the type, has the first form that the type has.
    pub(super) fn shape(self, value: &Value) -> Shape<'a> {
        let Type { scalar, list, map } = self.this;
        let fitting = match value {
            Value::Null => None,
            Value::Object(_) => map.as_ref().map(Shape::Map),
            Value::Array(_) => list.as_ref().map(Shape::List),
            _ => scalar.map(Shape::Scalar),
        };
        let first =
            || map.as_ref().map(Shape::Map).or(scalar.map(Shape::Scalar)).or(list.as_ref().map(Shape::List));
        fitting.or_else(first).unwrap_or(Shape::Scalar(Scalar::Any))
    }

    /// Returns the fields of an object, if values can be objects.
    pub(super) fn as_map(self) -> Option<&'a Map> {
        self.this.map.as_ref()
    }

    /// Returns the list that values can be.
    pub(super) fn as_list(self) -> Option<&'a List> {
        self.this.list.as_ref()
    }

    /// Tells whether this is an object of which nothing is known beforehand.
    pub(super) fn is_deduced(self) -> bool {
        self.this.map.as_ref().is_some_and(|map| map.fields.is_empty() && map.rest == Some(DEDUCED))
    }

    /// Returns the type of a list's items.
    pub(super) fn item(self, list: &List) -> Self {
        self.step(list.item)
    }

    /// Returns the type of an object's field or a map's entry.
    pub(super) fn field(self, map: &Map, name: &str) -> Self {
        let named = map.fields.get(name).map(|field| field.kind);
        self.step(named.or(map.rest).unwrap_or(DEDUCED))
    }

    /// Returns the value that a field has when it is absent.
    pub(super) fn default_of(self, name: &str) -> Option<&'a Value> {
        self.this.map.as_ref()?.fields.get(name)?.default.as_ref()
    }

    fn step(self, to: usize) -> Self {
        let depth = self.depth + 1;
        let this = if depth > DEEPEST { convert::one_value() } else { &self.types[to] };
        Self { types: self.types, this, depth }
    }
}

impl Map {
    /// Tells whether the schema names a field.
    pub(super) fn has_field(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// Tells whether there can be something under a name.
    pub(super) fn allows(&self, name: &str) -> bool {
        self.rest.is_some() || self.has_field(name)
    }
}

#[cfg(test)]
pub(super) mod testing {
    //! Schemas for tests, from JSON.

    use super::*;

    /// The resource that tests are about.
    pub(in super::super) const PIPELINE: Descriptor = Descriptor {
        group: "ci.example.com",
        version: "v1",
        kind: "Pipeline",
        plural: "pipelines",
        singular: "pipeline",
        subresources: &[Subresource::Status],
        definition_prefix: "com.example.ci.v1",
        ..Descriptor::NAMESPACED
    };

    /// Makes a schema of an object's fields and the definitions they refer to.
    pub(in super::super) fn schema(properties: &Value, definitions: &Value) -> Schema {
        let root = serde_json::json!({"type": "object", "properties": properties});
        let definitions = definitions.as_object().cloned().unwrap_or_default();
        Schema::from_json(&PIPELINE, &root, definitions)
    }

    impl Schema {
        /// Returns the schema as one of another version.
        pub(in super::super) fn in_version(mut self, api_version: &str) -> Self {
            api_version.clone_into(&mut self.api_version);
            self
        }
    }
}
