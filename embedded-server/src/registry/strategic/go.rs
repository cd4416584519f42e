//! JSON values as Go's `%v` writes them, which is how messages show them.

use std::fmt;

use serde_json::Value;

/// Displays a value as Go does: strings bare, lists `[a b]`, maps `map[k:v]` with sorted keys.
pub(in crate::registry) struct Go<'a>(pub(in crate::registry) &'a Value);

impl fmt::Display for Go<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => f.write_str("<nil>"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Number(number) => write!(f, "{number}"),
            Value::String(text) => f.write_str(text),
            Value::Array(items) => list(items, f),
            Value::Object(map) => {
                let mut entries: Vec<(&String, &Value)> = map.iter().collect();
                entries.sort_by_key(|(name, _)| *name);
                entries_in_brackets(&entries, f)
            }
        }
    }
}

fn list(items: &[Value], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("[")?;
    for (index, item) in items.iter().enumerate() {
        write!(f, "{}{}", space(index), Go(item))?;
    }
    f.write_str("]")
}

fn entries_in_brackets(entries: &[(&String, &Value)], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("map[")?;
    for (index, (name, value)) in entries.iter().enumerate() {
        write!(f, "{}{name}:{}", space(index), Go(value))?;
    }
    f.write_str("]")
}

fn space(index: usize) -> &'static str {
    if index == 0 { "" } else { " " }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_written_as_go_writes_them() {
        let value = json!({"name": "a", "list": [1, 2.5, true, null], "empty": {}, "none": []});
        assert_eq!(Go(&value).to_string(), "map[empty:map[] list:[1 2.5 true <nil>] name:a none:[]]");
    }
}
