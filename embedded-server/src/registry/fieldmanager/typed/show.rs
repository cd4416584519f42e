//! JSON values as Go's `fmt` package shows them, for error messages that clients know.

use serde_json::Value;

use super::super::path::quote;

/// Shows a value as `%v` does.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", joined(items.iter().map(plain), " ")),
        Value::Object(entries) => {
            let entries = entries.iter().map(|(name, value)| format!("{name}:{}", plain(value)));
            format!("map[{}]", joined(entries, " "))
        }
        scalar => scalar.to_string(),
    }
}

/// Shows a value as `%#v` does.
pub(super) fn go_syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".to_owned(),
        Value::String(text) => quote(text),
        Value::Array(items) => format!("[]interface {{}}{{{}}}", joined(items.iter().map(go_syntax), ", ")),
        Value::Object(entries) => {
            let entries = entries.iter().map(|(name, value)| format!("{}:{}", quote(name), go_syntax(value)));
            format!("map[string]interface {{}}{{{}}}", joined(entries, ", "))
        }
        scalar => scalar.to_string(),
    }
}

/// Names the type of a value as `%T` does.
pub(super) fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

fn joined(parts: impl Iterator<Item = String>, by: &str) -> String {
    parts.collect::<Vec<_>>().join(by)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_look_as_in_go() {
        let value = json!({"b": [1, "x", null], "a": true});
        assert_eq!(plain(&value), "map[a:true b:[1 x <nil>]]");
        let source = r#"map[string]interface {}{"a":true, "b":[]interface {}{1, "x", interface {}(nil)}}"#;
        assert_eq!(go_syntax(&value), source);
        assert_eq!(go_type(&json!(1)), "int64");
        assert_eq!(go_type(&json!(1.5)), "float64");
    }
}
