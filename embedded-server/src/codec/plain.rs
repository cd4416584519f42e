//! Tells apart the bodies that need no tree: nearly all of them.
//!
//! A tree of a body costs several times what its decoding costs, and is needed only to word what is wrong.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::meta::Descriptor;

/// The most fields of an object that are compared with each other; a tree is faster at more.
const MOST_FIELDS: usize = 64;

/// Tells whether `text` is a JSON object that says it is of the expected type and repeats no field.
pub(super) fn is_plain(text: &str, expected: &Descriptor) -> bool {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    Root(expected).deserialize(&mut deserializer).is_ok() && deserializer.end().is_ok()
}

/// The names of an object's fields.
#[derive(Default)]
struct Fields<'de>(Vec<&'de str>);

impl<'de> Fields<'de> {
    /// Reads the next name; fails for one that was there before, and for one with escapes.
    fn next<A: MapAccess<'de>>(&mut self, entries: &mut A) -> Result<Option<&'de str>, A::Error> {
        let Some(name) = entries.next_key::<&'de str>()? else { return Ok(None) };
        if self.0.len() == MOST_FIELDS || self.0.contains(&name) {
            return Err(A::Error::custom("not plain"));
        }
        self.0.push(name);
        Ok(Some(name))
    }
}

struct Root<'a>(&'a Descriptor);

impl<'de> DeserializeSeed<'de> for Root<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Root<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut fields = Fields::default();
        let (mut version, mut kind) = ("", "");
        while let Some(name) = fields.next(&mut entries)? {
            match name {
                "apiVersion" => version = entries.next_value()?,
                "kind" => kind = entries.next_value()?,
                _ => entries.next_value_seed(Node)?,
            }
        }
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let expected = kind == self.0.kind && group == self.0.group && version == self.0.version;
        if expected { Ok(()) } else { Err(A::Error::custom("not plain")) }
    }
}

struct Node;

impl<'de> DeserializeSeed<'de> for Node {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut fields = Fields::default();
        while fields.next(&mut entries)?.is_some() {
            entries.next_value_seed(Self)?;
        }
        Ok(())
    }
}
