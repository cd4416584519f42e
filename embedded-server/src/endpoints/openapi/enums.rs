//! Enums: a Rust enum of plain words is a string with allowed values, written at each field that has it.

use serde_json::{Map, Value, json};

use super::Definitions;
use super::schema::{REF, for_each_child, join_lines};

type Object = Map<String, Value>;

const VALUES: &str = "Possible enum values:";

/// Turns a choice among constants into an `enum`, with what is said of each in the description.
pub(super) fn flatten(object: &mut Object) {
    if let Some(value) = object.remove("const") {
        object.insert("enum".to_owned(), json!([value]));
    }
    let Some(Value::Array(choices)) = object.get("oneOf") else { return };
    let Some(values) = choices.iter().map(constants).collect::<Option<Vec<_>>>() else { return };
    let lines: Vec<String> = choices.iter().zip(&values).filter_map(described).collect();
    object.insert("enum".to_owned(), values.concat().into());
    object.insert("type".to_owned(), json!("string"));
    object.remove("oneOf");
    if !lines.is_empty() {
        append_description(object, &format!("{VALUES}\n{}", lines.join("\n")));
    }
}

/// Moves the enums among the definitions to the fields that refer to them, which is where clients look.
pub(super) fn inline(definitions: &mut Definitions) {
    let is_enum = |schema: &Value| schema.get("enum").is_some();
    let enums: Definitions = definitions.extract_if(.., |_, schema| is_enum(schema)).collect();
    definitions.values_mut().for_each(|schema| inline_in(schema, &enums));
}

fn inline_in(schema: &mut Value, enums: &Definitions) {
    let Value::Object(object) = schema else { return };
    let target = object.get(REF).and_then(Value::as_str).and_then(|name| enums.get(name));
    if let Some(Value::Object(target)) = target {
        object.remove(REF);
        replace(object, target);
    }
    for_each_child(object, &mut |child| inline_in(child, enums));
}

/// A field's own description comes before what the values mean.
fn replace(field: &mut Object, target: &Object) {
    let meanings = target.get("description").and_then(Value::as_str).and_then(|text| text.split_once(VALUES));
    if let Some((_, meanings)) = meanings.filter(|_| field.contains_key("description")) {
        append_description(field, &format!("{VALUES}{meanings}"));
    }
    for (key, value) in target {
        field.entry(key).or_insert_with(|| value.clone());
    }
}

fn constants(choice: &Value) -> Option<Vec<Value>> {
    let strings = |value: &Value| value.as_array().filter(|all| all.iter().all(Value::is_string)).cloned();
    let constant = choice.get("const").filter(|value| value.is_string()).map(|value| vec![value.clone()]);
    constant.or_else(|| choice.get("enum").and_then(strings))
}

fn described((choice, values): (&Value, &Vec<Value>)) -> Option<String> {
    let description = choice.get("description")?.as_str()?;
    Some(format!(" - `{}` {}", values.first()?, join_lines(description)))
}

fn append_description(object: &mut Object, text: &str) {
    let before = object.get("description").and_then(Value::as_str).unwrap_or_default();
    let joined = format!("{before}\n\n{text}");
    object.insert("description".to_owned(), json!(joined.trim_start()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_among_documented_constants_is_an_enum() {
        let mut choice = json!({"description": "A way.", "oneOf": [
            {"type": "string", "const": "Left", "description": "With\nthe clock."},
            {"type": "string", "enum": ["Up", "Down"]},
        ]});
        flatten(choice.as_object_mut().unwrap());
        let expected = json!({
            "description": "A way.\n\nPossible enum values:\n - `\"Left\"` With the clock.",
            "type": "string", "enum": ["Left", "Up", "Down"],
        });
        assert_eq!(choice, expected);
    }

    #[test]
    fn a_choice_among_objects_is_left_alone() {
        let mut choice = json!({"oneOf": [{"type": "object"}, {"const": "a"}]});
        let before = choice.clone();
        flatten(choice.as_object_mut().unwrap());
        assert_eq!(choice, before);
    }

    #[test]
    fn fields_have_the_values_of_the_enum_that_they_refer_to() {
        let way = json!({"description": "A way.\n\nPossible enum values:\n - `\"A\"` One.", "enum": ["A"]});
        let field = json!({REF: "Way", "description": "The way."});
        let mut definitions = Definitions::from([
            ("Way".to_owned(), way),
            ("Thing".to_owned(), json!({"properties": {"way": field}})),
        ]);
        inline(&mut definitions);
        let inlined = json!({
            "description": "The way.\n\nPossible enum values:\n - `\"A\"` One.", "enum": ["A"],
        });
        assert_eq!(definitions["Thing"]["properties"]["way"], inlined);
        assert_eq!(definitions.len(), 1);
    }
}
