//! Schemas: from JSON Schema as `schemars` writes it to the neutral form, and from there to a dialect of OpenAPI.
//!
//! In the neutral form a `$ref` is a bare definition name that may have siblings, and nothing is nullable: on
//! the wire `null` means "not set" everywhere.

use serde_json::{Map, Value, json};

use super::enums;

type Object = Map<String, Value>;

/// The keyword whose value names another definition.
pub(super) const REF: &str = "$ref";

const JSON_SCHEMA_ONLY: [&str; 7] =
    ["$schema", "$defs", "title", "examples", "patternProperties", "unevaluatedProperties", "writeOnly"];

/// Keywords of version 3 that version 2 has no word for.
const NOT_IN_V2: [&str; 5] = ["default", "anyOf", "oneOf", "not", "nullable"];

/// Brings a schema into the neutral form. `rename` returns the full name of a definition.
pub(super) fn normalize(schema: &mut Value, rename: &dyn Fn(&str) -> String) {
    if let Value::Bool(_) = schema {
        *schema = json!({});
    }
    let Value::Object(object) = schema else { return };
    flatten_null(object);
    enums::flatten(object);
    object.retain(|key, value| !JSON_SCHEMA_ONLY.contains(&key.as_str()) && keeps(key, value));
    plain_number(object);
    if let Some(Value::String(target)) = object.get_mut(REF) {
        *target = rename(target.trim_start_matches("#/$defs/"));
        empty_default(object);
    }
    for_each_child(object, &mut |child| normalize(child, rename));
}

/// Joins the lines of every description, as they are broken for the reader of the source only.
pub(super) fn reflow(schema: &mut Value) {
    let Value::Object(object) = schema else { return };
    if let Some(Value::String(text)) = object.get_mut("description") {
        *text = text.split("\n\n").map(join_lines).collect::<Vec<_>>().join("\n\n");
    }
    for_each_child(object, &mut reflow);
}

/// Writes a neutral schema in the dialect of version 2: beside a `$ref` stand only a description and
/// extensions, and there are no defaults.
pub(super) fn to_v2(schema: &Value) -> Value {
    let mut schema = schema.clone();
    write_v2(&mut schema);
    schema
}

/// Writes a neutral schema in the dialect of version 3: a `$ref` that has siblings moves into an `allOf`.
pub(super) fn to_v3(schema: &Value) -> Value {
    let mut schema = schema.clone();
    write_v3(&mut schema);
    schema
}

/// Calls `visit` with the name of every definition that a neutral schema refers to.
pub(super) fn for_each_ref<'a>(schema: &'a Value, visit: &mut dyn FnMut(&'a str)) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::String(name)) = object.get(REF) {
                visit(name);
            }
            object.values().for_each(|value| for_each_ref(value, visit));
        }
        Value::Array(items) => items.iter().for_each(|item| for_each_ref(item, visit)),
        _ => {}
    }
}

fn write_v2(schema: &mut Value) {
    let Value::Object(object) = schema else { return };
    object.retain(|key, _| !NOT_IN_V2.contains(&key.as_str()));
    if let Some(name) = object.get(REF).and_then(Value::as_str) {
        let target = format!("#/definitions/{name}");
        object.retain(|key, _| key == "description" || key.starts_with("x-"));
        object.insert(REF.to_owned(), json!(target));
    }
    for_each_child(object, &mut write_v2);
}

fn write_v3(schema: &mut Value) {
    let Value::Object(object) = schema else { return };
    if let Some(Value::String(name)) = object.remove(REF) {
        let target = json!({ REF: format!("#/components/schemas/{name}") });
        if object.is_empty() {
            *schema = target;
        } else {
            object.insert("allOf".to_owned(), json!([target]));
        }
        return;
    }
    for_each_child(object, &mut write_v3);
}

/// Calls `visit` with every schema that stands directly within a schema.
pub(super) fn for_each_child(object: &mut Object, visit: &mut dyn FnMut(&mut Value)) {
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        properties.values_mut().for_each(&mut *visit);
    }
    for key in ["items", "additionalProperties", "not"] {
        object.get_mut(key).into_iter().for_each(&mut *visit);
    }
    for key in ["allOf", "anyOf", "oneOf"] {
        if let Some(Value::Array(items)) = object.get_mut(key) {
            items.iter_mut().for_each(&mut *visit);
        }
    }
}

/// Tells whether a keyword says something: that nothing is allowed beside the properties, and that the default
/// is to be empty or not set, goes without saying.
fn keeps(key: &str, value: &Value) -> bool {
    match key {
        "additionalProperties" => *value != json!(false),
        "default" => !value.is_null() && *value != json!([]),
        _ => true,
    }
}

/// Takes `null` out of what is allowed, which leaves a plain type.
fn flatten_null(object: &mut Object) {
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|one| one != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(values)) = object.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        flatten_single(object, key);
    }
}

fn flatten_single(object: &mut Object, key: &str) {
    let Some(Value::Array(choices)) = object.get_mut(key) else { return };
    choices.retain(|choice| choice.get("type") != Some(&json!("null")));
    let [Value::Object(only)] = choices.as_mut_slice() else { return };
    let only = std::mem::take(only);
    object.remove(key);
    for (name, value) in only {
        object.entry(name).or_insert(value);
    }
}

/// Keeps to the formats that Kubernetes knows and to bounds as OpenAPI spells them.
fn plain_number(object: &mut Object) {
    let format = match object.get("format").and_then(Value::as_str) {
        Some("int8" | "int16" | "uint8" | "uint16") => "int32",
        Some("uint" | "int" | "uint32" | "uint64") => "int64",
        _ => "",
    };
    if !format.is_empty() {
        object.insert("format".to_owned(), json!(format));
    }
    for (exclusive, bound) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
        if let Some(Value::Number(number)) = object.get(exclusive).cloned() {
            object.insert(bound.to_owned(), number.into());
            object.insert(exclusive.to_owned(), json!(true));
        }
    }
}

/// Leaves the fields' own defaults to the definition that a `$ref` leads to.
fn empty_default(object: &mut Object) {
    if object.get("default").is_some_and(Value::is_object) {
        object.insert("default".to_owned(), json!({}));
    }
}

/// Joins the lines of a paragraph, but not the items of a list.
pub(super) fn join_lines(paragraph: &str) -> String {
    paragraph.split('\n').fold(String::new(), |text, line| {
        let is_list = line.trim_start().starts_with(['-', '*', '`']) && !text.is_empty();
        let separator = if text.is_empty() {
            ""
        } else if is_list {
            "\n"
        } else {
            " "
        };
        format!("{text}{separator}{line}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalized(mut schema: Value) -> Value {
        normalize(&mut schema, &|name| format!("com.example.{name}"));
        schema
    }

    #[test]
    fn an_optional_field_has_the_plain_type() {
        let number = json!({"type": ["integer", "null"], "format": "int64", "default": null});
        assert_eq!(normalized(number), json!({"type": "integer", "format": "int64"}));
        let reference = json!({"description": "d", "anyOf": [{"$ref": "#/$defs/A"}, {"type": "null"}]});
        assert_eq!(normalized(reference), json!({"description": "d", "$ref": "com.example.A"}));
    }

    #[test]
    fn unsigned_numbers_have_a_format_that_kubernetes_knows() {
        let number = json!({"type": "integer", "format": "uint32", "minimum": 0});
        assert_eq!(normalized(number), json!({"type": "integer", "format": "int64", "minimum": 0}));
        let bounded = json!({"type": "integer", "exclusiveMinimum": 3});
        assert_eq!(normalized(bounded), json!({"type": "integer", "minimum": 3, "exclusiveMinimum": true}));
    }

    #[test]
    fn closed_objects_and_free_values_lose_their_json_schema_words() {
        let object = json!({
            "$schema": "s", "title": "T", "type": "object", "additionalProperties": false,
            "properties": {"any": true, "title": {"type": "string"}},
        });
        let expected = json!({"type": "object", "properties": {"any": {}, "title": {"type": "string"}}});
        assert_eq!(normalized(object), expected);
    }

    #[test]
    fn version_2_keeps_description_and_extensions_beside_a_ref() {
        let schema =
            json!({"$ref": "A", "description": "d", "default": {}, "x-kubernetes-map-type": "atomic"});
        let expected = json!({
            "$ref": "#/definitions/A", "description": "d", "x-kubernetes-map-type": "atomic",
        });
        assert_eq!(to_v2(&schema), expected);
    }

    #[test]
    fn version_3_wraps_a_ref_that_has_siblings() {
        let target = json!({"$ref": "#/components/schemas/A"});
        assert_eq!(to_v3(&json!({"$ref": "A"})), target);
        let schema = json!({"items": {"$ref": "A", "default": {}}});
        assert_eq!(to_v3(&schema), json!({"items": {"allOf": [target], "default": {}}}));
    }

    #[test]
    fn lines_are_joined_but_paragraphs_and_lists_stay() {
        let mut schema = json!({"description": "One\nline.\n\nThen:\n- a\n- b"});
        reflow(&mut schema);
        assert_eq!(schema["description"], "One line.\n\nThen:\n- a\n- b");
    }
}
