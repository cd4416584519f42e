//! What a type's schema says about merging: the extensions `x-kubernetes-patch-strategy` and
//! `x-kubernetes-patch-merge-key` of its fields.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::Value;

use crate::meta::extensions;

const DEFINITIONS: &str = "#/$defs/";

/// The schema of a resource type, with all definitions that it refers to.
#[derive(Clone, Debug)]
pub(in crate::registry) struct PatchSchema {
    root: Value,
    definitions: Value,
}

impl PatchSchema {
    /// Returns the schema of a type; object metadata merges as Kubernetes says.
    pub(in crate::registry) fn of<T: JsonSchema>() -> Self {
        let mut generator = SchemaGenerator::default();
        let root = generator.subschema_for::<T>().to_value();
        let mut definitions = generator.take_definitions(true);
        definitions.iter_mut().for_each(|(name, schema)| extensions::extend(name, schema));
        Self { root, definitions: Value::Object(definitions) }
    }

    /// Returns the shape of whole objects.
    pub(super) fn root(&self) -> Shape<'_> {
        Shape { definitions: &self.definitions, schema: &self.root }.resolved()
    }
}

/// What is known of a value: a schema, or nothing, which is a schema that says nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape<'a> {
    definitions: &'a Value,
    schema: &'a Value,
}

impl<'a> Shape<'a> {
    /// Returns what is known of a field of a map.
    pub(super) fn field(self, name: &str) -> Field<'a> {
        let properties = self.schema.get("properties");
        let known = properties.and_then(|properties| properties.get(name));
        let schema = known.or_else(|| self.schema.get("additionalProperties"));
        Field { shape: self.with(schema) }
    }

    /// Returns what is known of the items of a list.
    pub(super) fn items(self) -> Self {
        self.with(self.schema.get("items")).resolved()
    }

    fn with(self, schema: Option<&'a Value>) -> Self {
        Self { schema: schema.unwrap_or(&Value::Null), ..self }
    }

    /// Follows references, and takes the one choice of several that is not `null`.
    fn resolved(self) -> Self {
        let mut shape = self;
        // A type that is nothing but a reference to itself has no shape.
        for _ in 0..16 {
            match shape.next() {
                Some(schema) => shape = shape.with(Some(schema)),
                None => return shape,
            }
        }
        self.with(None)
    }

    fn next(self) -> Option<&'a Value> {
        if let Some(target) = self.schema.get("$ref").and_then(Value::as_str) {
            return self.definitions.get(target.strip_prefix(DEFINITIONS)?);
        }
        let choices =
            ["anyOf", "oneOf", "allOf"].iter().find_map(|word| self.schema.get(word)?.as_array())?;
        choices.iter().find(|choice| choice.get("type").and_then(Value::as_str) != Some("null"))
    }
}

/// What is known of a field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a> {
    /// The schema where it is referred to: that is where the extensions stand.
    shape: Shape<'a>,
}

impl<'a> Field<'a> {
    /// Returns what is known of the field's value.
    pub(super) fn shape(self) -> Shape<'a> {
        self.shape.resolved()
    }

    /// Tells whether lists are merged; otherwise they are replaced.
    pub(super) fn merges(self) -> bool {
        self.has_strategy("merge")
    }

    /// Tells whether maps are replaced; otherwise they are merged.
    pub(super) fn replaces(self) -> bool {
        self.has_strategy("replace")
    }

    /// Returns the field that tells the items of a list apart.
    pub(super) fn merge_key(self) -> Option<&'a str> {
        self.extension("x-kubernetes-patch-merge-key").filter(|key| !key.is_empty())
    }

    /// A strategy may stand beside `retainKeys`, which only tells clients how to make patches.
    fn has_strategy(self, wanted: &str) -> bool {
        let strategies = self.extension("x-kubernetes-patch-strategy").unwrap_or_default();
        strategies.split(',').any(|strategy| strategy == wanted)
    }

    fn extension(self, name: &str) -> Option<&'a str> {
        self.shape.schema.get(name).and_then(Value::as_str)
    }
}
