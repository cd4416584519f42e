//! From JSON Schema with Kubernetes' extensions to types.
//!
//! Source: `k8s.io/kube-openapi/pkg/schemaconv/openapi.go`.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::{Map as Object, Value, json};

use super::{DEDUCED, Field, Identity, List, Map, Scalar, Type, metadata};

const REF: &str = "$ref";
const LIST_TYPE: &str = "x-kubernetes-list-type";
const LIST_MAP_KEYS: &str = "x-kubernetes-list-map-keys";
const MAP_TYPE: &str = "x-kubernetes-map-type";
const PATCH_STRATEGY: &str = "x-kubernetes-patch-strategy";
const PATCH_MERGE_KEY: &str = "x-kubernetes-patch-merge-key";
const INT_OR_STRING: &str = "x-kubernetes-int-or-string";
const PRESERVE_UNKNOWN: &str = "x-kubernetes-preserve-unknown-fields";

/// The extensions that change the type they stand beside, be it behind a reference.
const OVERRIDES: [&str; 6] =
    [LIST_TYPE, LIST_MAP_KEYS, MAP_TYPE, PATCH_STRATEGY, PATCH_MERGE_KEY, PRESERVE_UNKNOWN];

/// The index of the type whose values have no parts, however they look.
const ONE_VALUE: usize = 1;

/// Returns the type whose values have no parts, however they look.
pub(super) fn one_value() -> &'static Type {
    static TYPE: LazyLock<Type> = LazyLock::new(|| any(true));
    &TYPE
}

fn any(atomic: bool) -> Type {
    let below = if atomic { ONE_VALUE } else { DEDUCED };
    Type {
        scalar: Some(Scalar::Any),
        list: Some(List { item: ONE_VALUE, identity: Identity::Atomic }),
        map: Some(Map { rest: Some(below), atomic, ..Map::default() }),
    }
}

/// Returns all types that the schema of a kind's objects needs, and the index of the kind's own.
pub(super) fn convert(root: &Value, definitions: Object<String, Value>) -> (Vec<Type>, usize) {
    let mut builder =
        Builder { definitions, types: vec![any(false), one_value().clone()], by_definition: HashMap::new() };
    let root = builder.of(&complete(builder.target(root)));
    (builder.types, root)
}

/// Adds what every kind has and no Rust type says.
fn complete(mut root: Value) -> Value {
    if let Some(properties) = root.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert("apiVersion".to_owned(), json!({"type": "string"}));
        properties.insert("kind".to_owned(), json!({"type": "string"}));
        properties.insert("metadata".to_owned(), metadata::object_meta());
    }
    root
}

struct Builder {
    definitions: Object<String, Value>,
    types: Vec<Type>,
    by_definition: HashMap<String, usize>,
}

impl Builder {
    /// Returns the index of a schema's type.
    fn of(&mut self, schema: &Value) -> usize {
        if let Some(branch) = only_branch(schema) {
            return self.of(&overlay(branch.clone(), schema));
        }
        match schema.get(REF).and_then(Value::as_str) {
            None => self.inline(schema),
            Some(_) if OVERRIDES.iter().any(|name| schema.get(name).is_some()) => {
                let target = overlay(self.target(schema), schema);
                self.inline(&target)
            }
            Some(name) => self.definition(definition_name(name)),
        }
    }

    fn definition(&mut self, name: &str) -> usize {
        if let Some(&known) = self.by_definition.get(name) {
            return known;
        }
        let index = self.reserve();
        self.by_definition.insert(name.to_owned(), index);
        let schema = self.lookup(name);
        self.types[index] = match only_branch(&schema) {
            Some(_) => {
                let target = self.of(&schema);
                self.types[target].clone()
            }
            None => self.read(&schema),
        };
        index
    }

    fn inline(&mut self, schema: &Value) -> usize {
        let index = self.reserve();
        self.types[index] = self.read(schema);
        index
    }

    fn reserve(&mut self) -> usize {
        self.types.push(Type::default());
        self.types.len() - 1
    }

    /// Returns the schema that a reference names, or the schema itself.
    fn target(&self, schema: &Value) -> Value {
        match schema.get(REF).and_then(Value::as_str) {
            Some(name) => self.lookup(definition_name(name)),
            None => schema.clone(),
        }
    }

    fn lookup(&self, name: &str) -> Value {
        if name.ends_with(metadata::DEFINITION) {
            return metadata::object_meta();
        }
        self.definitions.get(name).cloned().unwrap_or_default()
    }

    fn read(&mut self, schema: &Value) -> Type {
        match form(schema) {
            Form::Object => Type { map: Some(self.map(schema)), ..Type::default() },
            Form::Array => Type { list: Some(self.list(schema)), ..Type::default() },
            Form::Scalar(scalar) => Type { scalar: Some(scalar), ..Type::default() },
            Form::Unknown => any(schema.get(MAP_TYPE).is_some_and(|kind| kind == "atomic")),
        }
    }

    fn map(&mut self, schema: &Value) -> Map {
        let properties = schema.get("properties").and_then(Value::as_object);
        let fields = properties.into_iter().flatten().map(|(name, of)| {
            let default = of.get("default").filter(|default| !default.is_null()).cloned();
            (name.clone(), Field { kind: self.of(of), default })
        });
        let fields = fields.collect();
        Map {
            fields,
            rest: self.rest(schema),
            atomic: schema.get(MAP_TYPE).is_some_and(|kind| kind == "atomic"),
        }
    }

    /// Returns the type of what is no field. An object without fields may hold anything.
    fn rest(&mut self, schema: &Value) -> Option<usize> {
        if schema.get(PRESERVE_UNKNOWN) == Some(&Value::Bool(true)) {
            return Some(DEDUCED);
        }
        match schema.get("additionalProperties") {
            None => schema.get("properties").is_none().then_some(DEDUCED),
            Some(Value::Bool(allowed)) => allowed.then_some(DEDUCED),
            Some(of) => Some(self.of(of)),
        }
    }

    fn list(&mut self, schema: &Value) -> List {
        let item = schema.get("items").map_or(DEDUCED, |items| self.of(items));
        List { item, identity: identity(schema) }
    }
}

fn definition_name(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}

/// Returns the one schema of a choice that is not `null`, as optional fields have it.
fn only_branch(schema: &Value) -> Option<&Value> {
    if schema.get("type").is_some() || schema.get(REF).is_some() {
        return None;
    }
    let choice = ["anyOf", "oneOf", "allOf"].iter().find_map(|name| schema.get(name))?.as_array()?;
    let mut branches = choice.iter().filter(|branch| branch.get("type").is_none_or(|kind| kind != "null"));
    branches.next().filter(|_| branches.next().is_none())
}

/// Returns a schema with another one's extensions.
fn overlay(mut schema: Value, with: &Value) -> Value {
    for name in OVERRIDES {
        if let (Some(value), Some(schema)) = (with.get(name), schema.as_object_mut()) {
            schema.insert(name.to_owned(), value.clone());
        }
    }
    schema
}

enum Form {
    Object,
    Array,
    Scalar(Scalar),
    Unknown,
}

fn form(schema: &Value) -> Form {
    if schema.get(INT_OR_STRING).is_some() || schema.get("format").is_some_and(|of| of == "int-or-string") {
        return Form::Scalar(Scalar::Any);
    }
    let kinds: Vec<&str> = match schema.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => {
            kinds.iter().filter_map(Value::as_str).filter(|kind| *kind != "null").collect()
        }
        _ => Vec::new(),
    };
    match kinds.as_slice() {
        ["object"] => Form::Object,
        ["array"] => Form::Array,
        ["string"] => Form::Scalar(Scalar::String),
        ["boolean"] => Form::Scalar(Scalar::Boolean),
        ["integer" | "number"] => Form::Scalar(Scalar::Numeric),
        [] if schema.get("properties").is_some() => Form::Object,
        [] if schema.get("enum").is_some() || schema.get("const").is_some() => Form::Scalar(Scalar::Any),
        [] => Form::Unknown,
        several if several.contains(&"object") || several.contains(&"array") => Form::Unknown,
        _ => Form::Scalar(Scalar::Any),
    }
}

fn identity(schema: &Value) -> Identity {
    let text = |name: &str| schema.get(name).and_then(Value::as_str);
    match (text(LIST_TYPE), text(PATCH_STRATEGY)) {
        (Some("set"), _) => Identity::Set,
        (Some("map"), _) => Identity::Keys(list_map_keys(schema)),
        (None, Some("merge" | "merge,retainKeys")) => match text(PATCH_MERGE_KEY) {
            Some(key) => Identity::Keys(vec![key.to_owned()]),
            None => Identity::Set,
        },
        _ => Identity::Atomic,
    }
}

fn list_map_keys(schema: &Value) -> Vec<String> {
    let keys = schema.get(LIST_MAP_KEYS).and_then(Value::as_array);
    keys.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Shape;
    use super::super::testing::schema;
    use super::*;

    #[allow(clippy::needless_pass_by_value, reason = "so that tests can write literals")]
    fn shape(properties: Value, definitions: Value, value: Value) -> String {
        let schema = schema(&properties, &definitions);
        let root = schema.root();
        let Shape::Map(map) = root.shape(&json!({})) else { return "no object".to_owned() };
        match root.field(map, "x").shape(&value) {
            Shape::Scalar(scalar) => format!("{scalar:?}"),
            Shape::List(list) => format!("{:?}", list.identity),
            Shape::Map(map) => format!("map, atomic: {}", map.atomic),
        }
    }

    #[test]
    fn lists_are_atomic_unless_the_schema_says_more() {
        let list = |more: Value| {
            let mut list = json!({"type": "array", "items": {"type": "string"}});
            list.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            shape(json!({"x": list}), json!({}), json!([]))
        };
        assert_eq!(list(json!({})), "Atomic");
        assert_eq!(list(json!({LIST_TYPE: "set"})), "Set");
        assert_eq!(list(json!({LIST_TYPE: "map", LIST_MAP_KEYS: ["a", "b"]})), r#"Keys(["a", "b"])"#);
        assert_eq!(list(json!({PATCH_STRATEGY: "merge", PATCH_MERGE_KEY: "a"})), r#"Keys(["a"])"#);
        assert_eq!(
            list(json!({LIST_TYPE: "atomic", PATCH_STRATEGY: "merge", PATCH_MERGE_KEY: "a"})),
            "Atomic"
        );
    }

    #[test]
    fn maps_are_granular_unless_the_schema_says_more() {
        assert_eq!(shape(json!({"x": {"type": "object"}}), json!({}), json!({})), "map, atomic: false");
        let atomic = json!({"x": {"type": "object", MAP_TYPE: "atomic"}});
        assert_eq!(shape(atomic, json!({}), json!({})), "map, atomic: true");
    }

    #[test]
    fn an_extension_beside_a_reference_overrides_it() {
        let definitions = json!({"Part": {"type": "object", "properties": {"y": {"type": "string"}}}});
        let plain = json!({"x": {REF: "#/$defs/Part"}});
        assert_eq!(shape(plain, definitions.clone(), json!({})), "map, atomic: false");
        let overridden = json!({"x": {REF: "#/$defs/Part", MAP_TYPE: "atomic"}});
        assert_eq!(shape(overridden, definitions, json!({})), "map, atomic: true");
    }

    #[test]
    fn optional_fields_have_the_type_they_have_when_set() {
        let definitions = json!({"Part": {"type": "object", "properties": {"y": {"type": "string"}}}});
        let optional = json!({"x": {"anyOf": [{REF: "#/$defs/Part"}, {"type": "null"}], MAP_TYPE: "atomic"}});
        assert_eq!(shape(optional, definitions, json!({})), "map, atomic: true");
        assert_eq!(shape(json!({"x": {"type": ["string", "null"]}}), json!({}), json!(null)), "String");
    }

    #[test]
    fn types_may_contain_themselves() {
        let definitions = json!({"Tree": {"type": "object", "properties": {"left": {REF: "#/$defs/Tree"}}}});
        assert_eq!(shape(json!({"x": {REF: "#/$defs/Tree"}}), definitions, json!({})), "map, atomic: false");
    }

    #[test]
    fn what_no_schema_describes_shows_itself() {
        for (value, expected) in
            [(json!({}), "map, atomic: false"), (json!([]), "Atomic"), (json!(1), "Any"), (json!("a"), "Any")]
        {
            assert_eq!(shape(json!({"x": true}), json!({}), value), expected);
        }
    }
}
