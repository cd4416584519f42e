//! A JSON tree that remembers which fields were written twice.
//!
//! Go's decoder lets the last of several equal keys win and can report the others; so does this.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// A document and the paths of the fields that stand in it more than once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tree {
    /// The document; of equal keys the last one won.
    pub value: Value,
    /// The paths, for example `spec.steps[0].name`, each once.
    pub duplicates: Vec<String>,
}

impl Tree {
    /// Reads a tree from any self-describing format.
    ///
    /// # Errors
    /// Those of the format.
    pub fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut duplicates = Vec::new();
        let mut path = String::new();
        let value = Node { path: &mut path, duplicates: &mut duplicates }.deserialize(deserializer)?;
        Ok(Self { value, duplicates })
    }
}

struct Node<'a> {
    path: &'a mut String,
    duplicates: &'a mut Vec<String>,
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let Self { path, duplicates } = self;
        let mut list = Vec::new();
        let length = path.len();
        loop {
            path.push_str(&format!("[{}]", list.len()));
            let item = items.next_element_seed(Node { path, duplicates })?;
            path.truncate(length);
            match item {
                Some(item) => list.push(item),
                None => return Ok(Value::Array(list)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let Self { path, duplicates } = self;
        let mut map = Map::new();
        let length = path.len();
        while let Some(key) = entries.next_key::<String>()? {
            if length > 0 {
                path.push('.');
            }
            path.push_str(&key);
            if map.contains_key(&key) && !duplicates.contains(path) {
                duplicates.push(path.clone());
            }
            map.insert(key, entries.next_value_seed(Node { path, duplicates })?);
            path.truncate(length);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> Tree {
        Tree::read(&mut serde_json::Deserializer::from_str(text)).unwrap()
    }

    #[test]
    fn of_equal_keys_the_last_wins_and_is_reported() {
        let tree = tree(r#"{"a":1,"b":[{"c":1,"c":2,"c":3}],"a":{"d":null}}"#);
        assert_eq!(tree.value, serde_json::json!({"a": {"d": null}, "b": [{"c": 3}]}));
        assert_eq!(tree.duplicates, ["b[0].c", "a"]);
    }

    #[test]
    fn numbers_keep_all_of_their_digits() {
        assert_eq!(tree("9223372036854775807").value, serde_json::json!(i64::MAX));
    }
}
