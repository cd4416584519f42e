//! YAML in and out. The only module that names the YAML library, so that another can take its place.
//!
//! A document may be at most four times its own length, plus 64 KiB, once its aliases are written out: the
//! library bounds how often aliases are followed but not what they add up to, and a body of a megabyte could
//! grow to gigabytes. Brackets may be open 256 deep, in text too: the library's time grows with the square of
//! that, and it reads nothing deeper than 128 in the end. The caller bounds the length itself. Merge keys
//! (`<<`) are left as they stand.

mod emit;

use std::fmt;

use serde::Serialize;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use thiserror::Error;

use super::Tree;

const MAX_OPEN_BRACKETS: usize = 256;

/// Why something could not be read from YAML or written as YAML.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct YamlError(#[from] serde_yaml::Error);

/// Reads one value from the one document in `yaml`.
///
/// # Errors
///
/// The input is not one YAML document, does not fit `T`, or grows out of bounds through its aliases.
pub fn from_slice<T: DeserializeOwned>(yaml: &[u8]) -> Result<T, YamlError> {
    check(yaml)?;
    Ok(serde_yaml::from_slice(yaml)?)
}

/// Reads the one document in `yaml` as JSON; of keys that stand twice in a mapping the last one counts.
///
/// # Errors
///
/// As [`from_slice`]; what JSON cannot say (tags, keys that are not scalars) is an error too.
pub fn to_value(yaml: &[u8]) -> Result<Value, YamlError> {
    from_slice(yaml)
}

/// Reads the one document in `yaml` and remembers which keys stand in it twice.
///
/// # Errors
///
/// As [`to_value`], in words.
pub fn read_tree(yaml: &[u8]) -> Result<Tree, String> {
    check(yaml).map_err(|error| error.to_string())?;
    Tree::read(serde_yaml::Deserializer::from_slice(yaml)).map_err(|error| error.to_string())
}

/// Writes a JSON document as YAML.
///
/// # Errors
///
/// `json` is not JSON.
pub fn from_json(json: &[u8]) -> Result<Vec<u8>, YamlError> {
    let value: Value = serde_json::from_slice(json).map_err(serde_yaml::Error::custom)?;
    Ok(from_value(&value).into_bytes())
}

/// Writes a JSON value as one YAML document that ends in a line break and that readers of YAML 1.1, as those in Go
/// are, understand as those of 1.2 do.
pub fn from_value(value: &Value) -> String {
    emit::document(value)
}

/// Writes `value` as one YAML document that ends in a line break.
///
/// # Errors
///
/// `value` holds something that YAML cannot say.
pub fn to_string<T: Serialize + ?Sized>(value: &T) -> Result<String, YamlError> {
    Ok(serde_yaml::to_string(value)?)
}

fn check(yaml: &[u8]) -> Result<(), YamlError> {
    check_depth(yaml)?;
    check_expansion(yaml)
}

fn check_depth(yaml: &[u8]) -> Result<(), YamlError> {
    let mut depth = 0_usize;
    for byte in yaml {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_OPEN_BRACKETS {
            return Err(serde_yaml::Error::custom("brackets are nested too deeply").into());
        }
    }
    Ok(())
}

fn check_expansion(yaml: &[u8]) -> Result<(), YamlError> {
    let mut left = yaml.len().saturating_mul(4).saturating_add(64 * 1024);
    Ok(Measure(&mut left).deserialize(serde_yaml::Deserializer::from_slice(yaml))?)
}

/// Walks a document as it is with its aliases written out, keeping nothing, until the budget is used up.
struct Measure<'a>(&'a mut usize);

impl Measure<'_> {
    fn spend<E: serde::de::Error>(&mut self, bytes: usize) -> Result<(), E> {
        let left = self.0.checked_sub(bytes.saturating_add(1));
        *self.0 = left.ok_or_else(|| E::custom("the aliases make the document too large"))?;
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Measure<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Measure<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("plain YAML")
    }

    fn visit_bool<E: serde::de::Error>(mut self, _: bool) -> Result<(), E> {
        self.spend(0)
    }

    fn visit_i64<E: serde::de::Error>(mut self, _: i64) -> Result<(), E> {
        self.spend(0)
    }

    fn visit_u64<E: serde::de::Error>(mut self, _: u64) -> Result<(), E> {
        self.spend(0)
    }

    fn visit_i128<E: serde::de::Error>(mut self, _: i128) -> Result<(), E> {
        self.spend(0)
    }

    fn visit_u128<E: serde::de::Error>(mut self, _: u128) -> Result<(), E> {
        self.spend(0)
    }

    fn visit_f64<E: serde::de::Error>(mut self, _: f64) -> Result<(), E> {
        self.spend(0)
    }

    fn visit_unit<E: serde::de::Error>(mut self) -> Result<(), E> {
        self.spend(0)
    }

    fn visit_none<E: serde::de::Error>(mut self) -> Result<(), E> {
        self.spend(0)
    }

    fn visit_str<E: serde::de::Error>(mut self, text: &str) -> Result<(), E> {
        self.spend(text.len())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        self.spend(0)?;
        while items.next_element_seed(Measure(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<(), A::Error> {
        self.spend(0)?;
        while entries.next_key_seed(Measure(self.0))?.is_some() {
            entries.next_value_seed(Measure(self.0))?;
        }
        Ok(())
    }

    fn visit_enum<A: serde::de::EnumAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        Err(A::Error::custom("tags are not supported"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_is_read_as_json() {
        let value = to_value(b"a: 1\nb: [x, true, null, 1.5]\n").unwrap();
        assert_eq!(value, json!({"a": 1, "b": ["x", true, null, 1.5]}));
    }

    #[test]
    fn a_document_that_says_nothing_is_null() {
        for nothing in ["", "# later\n", "---\n", "~\n"] {
            assert_eq!(to_value(nothing.as_bytes()).unwrap(), Value::Null, "{nothing:?}");
        }
    }

    #[test]
    fn json_is_yaml() {
        assert_eq!(to_value(br#"{"a": {"b": "c"}}"#).unwrap(), json!({"a": {"b": "c"}}));
    }

    #[test]
    fn what_was_written_is_read_back() {
        let value = json!({"name": "yes", "number": "1", "empty": "", "lines": "a\nb\n"});
        assert_eq!(to_value(to_string(&value).unwrap().as_bytes()).unwrap(), value);
    }

    #[test]
    fn an_alias_stands_for_its_anchor() {
        let value = to_value(b"a: &x [1, 2]\nb: *x\n").unwrap();
        assert_eq!(value, json!({"a": [1, 2], "b": [1, 2]}));
    }

    #[test]
    fn aliases_of_aliases_cannot_grow_without_bound() {
        let mut yaml = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for level in 1..20 {
            let items = vec![format!("*a{}", level - 1); 9].join(", ");
            yaml += &format!("a{level}: &a{level} [{items}]\n");
        }
        assert!(to_value(yaml.as_bytes()).is_err());
    }

    #[test]
    fn a_large_anchor_cannot_be_repeated_without_bound() {
        let yaml = format!("a: &a \"{}\"\nb: [{}]\n", "x".repeat(100_000), vec!["*a"; 100_000].join(", "));
        let error = to_value(yaml.as_bytes()).unwrap_err();
        assert!(error.to_string().contains("too large"), "{error}");
    }

    #[test]
    fn deep_nesting_is_an_error_and_neither_a_crash_nor_a_stall() {
        for opening in ["[", "{a: ", "- ", "? ", "[{"] {
            assert!(to_value(opening.repeat(100_000).as_bytes()).is_err(), "{opening}");
        }
    }

    #[test]
    fn two_documents_are_one_too_many() {
        assert!(to_value(b"a: 1\n---\nb: 2\n").is_err());
    }

    #[test]
    fn a_tag_is_refused() {
        assert!(to_value(b"a: !custom 1\n").is_err());
    }
}
