//! Both versions in protobuf: kubectl asks for version 2 in no other form and does not fall back to JSON.
//!
//! The messages are gnostic's. They follow the JSON documents closely, so they are made from them by tables: for
//! each keyword the field numbers that lead to its value. What gnostic has no field for, which is every
//! extension, is kept as text in YAML, and JSON is that, too.

mod v2;
mod v3;

use serde_json::{Map, Value};

/// A message: its fields by JSON keyword, and the number of the field that takes extensions.
struct Message {
    fields: &'static [Field],
    extensions: u64,
}

/// A JSON keyword, the field numbers from the outside in, and what stands in the innermost.
type Field = (&'static str, &'static [u64], Kind);

enum Kind {
    Text,
    Bool,
    Integer,
    Double,
    /// Any value at all, as text.
    Any,
    Message(&'static Message),
    /// A default: text, a flag or a number, each in a field of its own, or none of them.
    Default,
    /// One of several messages, and the field numbers that lead to it.
    Choice(fn(&Value) -> (&'static [u64], &'static Message)),
    /// A repeated field, from an array.
    Each(&'static Kind),
    /// A message of one repeated field of text, from an array.
    Texts,
    /// A message of entries, from an object: the entries' number, and the numbers within each entry.
    Entries(u64, &'static [u64], &'static Kind),
}

use Kind::{Any, Bool, Choice, Double, Each, Entries, Integer, Text, Texts};

const NO_EXTENSIONS: u64 = 0;
const ENTRY_NAME: u64 = 1;
const ANY_YAML: u64 = 2;

/// Encodes a document of version 2. Keywords that [`super::v2`] never writes are left out.
pub(super) fn encode_v2(document: &Value) -> Vec<u8> {
    message(document, &v2::DOCUMENT)
}

/// Encodes a document of version 3. Keywords that [`super::v3`] never writes are left out.
pub(super) fn encode_v3(document: &Value) -> Vec<u8> {
    message(document, &v3::DOCUMENT)
}

fn message(value: &Value, of: &Message) -> Vec<u8> {
    let mut out = Vec::new();
    let Value::Object(object) = value else { return out };
    for (key, path, kind) in of.fields {
        if let Some(value) = object.get(*key) {
            write(&mut out, path, value, kind);
        }
    }
    if of.extensions != NO_EXTENSIONS {
        write_extensions(&mut out, of.extensions, object);
    }
    out
}

/// Writes a value at the end of a path of field numbers. A value of another type than the table's is left out.
fn write(out: &mut Vec<u8>, path: &[u64], value: &Value, kind: &Kind) {
    match (kind, value) {
        (Text, Value::String(text)) => write_bytes(out, path, text.as_bytes()),
        (Bool, Value::Bool(flag)) => write_varint_field(out, path, u64::from(*flag)),
        (Integer, Value::Number(number)) => {
            write_varint_field(out, path, number.as_u64().unwrap_or_default());
        }
        (Double, Value::Number(number)) => write_double(out, path, number.as_f64().unwrap_or_default()),
        (Any, value) => write_bytes(out, path, &any(value)),
        (Kind::Message(of), value) => write_bytes(out, path, &message(value, of)),
        (Kind::Default, value) => write_bytes(out, path, &default(value)),
        (Choice(choose), value) => {
            let (within, of) = choose(value);
            write_bytes(out, &[path, within].concat(), &message(value, of));
        }
        (Each(kind), Value::Array(items)) => items.iter().for_each(|item| write(out, path, item, kind)),
        (Texts, value) => {
            let mut texts = Vec::new();
            write(&mut texts, &[1], value, &Each(&Text));
            write_bytes(out, path, &texts);
        }
        (Entries(number, within, kind), Value::Object(object)) => {
            write_bytes(out, path, &entries(*number, within, kind, object));
        }
        _ => {}
    }
}

fn entries(number: u64, within: &[u64], kind: &Kind, object: &Map<String, Value>) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in object {
        let mut entry = Vec::new();
        write_bytes(&mut entry, &[ENTRY_NAME], name.as_bytes());
        write(&mut entry, within, value, kind);
        write_bytes(&mut out, &[number], &entry);
    }
    out
}

fn default(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    match value {
        Value::Number(_) => write(&mut out, &[1], value, &Double),
        Value::Bool(_) => write(&mut out, &[2], value, &Bool),
        Value::String(_) => write(&mut out, &[3], value, &Text),
        _ => {}
    }
    out
}

fn write_extensions(out: &mut Vec<u8>, number: u64, object: &Map<String, Value>) {
    for (name, value) in object.iter().filter(|(name, _)| name.starts_with("x-")) {
        let mut entry = Vec::new();
        write_bytes(&mut entry, &[ENTRY_NAME], name.as_bytes());
        write(&mut entry, &[2], value, &Any);
        write_bytes(out, &[number], &entry);
    }
}

fn any(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write_bytes(&mut out, &[ANY_YAML], format!("{value}\n").as_bytes());
    out
}

/// Writes a field of bytes, within messages that have no other field.
fn write_bytes(out: &mut Vec<u8>, path: &[u64], bytes: &[u8]) {
    let [number, within @ ..] = path else { return out.extend_from_slice(bytes) };
    if within.is_empty() {
        write_delimited(out, *number, bytes);
    } else {
        let mut inner = Vec::new();
        write_bytes(&mut inner, within, bytes);
        write_delimited(out, *number, &inner);
    }
}

fn write_delimited(out: &mut Vec<u8>, number: u64, bytes: &[u8]) {
    write_varint(out, number << 3 | 2);
    write_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// The tables have numbers and flags in fields of their own, never within another message.
fn write_varint_field(out: &mut Vec<u8>, path: &[u64], value: u64) {
    path.iter().for_each(|number| write_varint(out, number << 3));
    write_varint(out, value);
}

fn write_double(out: &mut Vec<u8>, path: &[u64], value: f64) {
    path.iter().for_each(|number| write_varint(out, number << 3 | 1));
    out.extend_from_slice(&value.to_le_bytes());
}

fn write_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::v2::{INFO, PATH_ITEM, SCHEMA};
    use super::*;

    #[test]
    fn numbers_are_varints() {
        let mut out = Vec::new();
        write_varint(&mut out, 300);
        assert_eq!(out, [0xac, 0x02]);
    }

    #[test]
    fn a_type_stands_in_a_message_of_its_own() {
        let encoded = message(&json!({"type": "string", "maxLength": 5}), &SCHEMA);
        let expected: &[u8] = b"\x58\x05\xb2\x01\x08\x0a\x06string";
        assert_eq!(encoded, expected);
    }

    #[test]
    fn bounds_are_doubles() {
        let encoded = message(&json!({"minimum": 1}), &SCHEMA);
        assert_eq!(encoded, [&[0x49][..], &1f64.to_le_bytes()].concat());
    }

    #[test]
    fn an_extension_is_kept_as_yaml() {
        let encoded = message(&json!({"x-a": ["b"]}), &INFO);
        assert_eq!(encoded, b"\x3a\x0f\x0a\x03x-a\x12\x08\x12\x06[\"b\"]\n");
    }

    #[test]
    fn a_parameter_stands_where_its_place_belongs() {
        let item = json!({"parameters": [{"in": "path", "required": true}]});
        let expected: &[u8] = b"\x4a\x0e\x0a\x0c\x12\x0a\x22\x08\x08\x01\x12\x04path";
        assert_eq!(message(&item, &PATH_ITEM), expected);
    }

    #[test]
    fn entries_are_named() {
        let encoded = message(&json!({"properties": {"a": {"format": "b"}}}), &SCHEMA);
        let expected: &[u8] = b"\xca\x01\x0a\x0a\x08\x0a\x01a\x12\x03\x12\x01b";
        assert_eq!(encoded, expected);
    }

    #[test]
    fn version_3_tells_a_schema_from_a_reference() {
        let of = |schema: Value| message(&json!({ "schema": schema }), &v3::MEDIA_TYPE);
        assert_eq!(of(json!({"type": "string"})), b"\x0a\x0b\x0a\x09\xca\x01\x06string");
        assert_eq!(of(json!({"$ref": "#/a"})), b"\x0a\x07\x12\x05\x0a\x03#/a");
    }

    #[test]
    fn version_3_keeps_ways_to_authenticate_among_its_components() {
        let components = json!({"securitySchemes": {"a": {"in": "b"}}});
        let expected: &[u8] = b"\x3a\x0c\x0a\x0a\x0a\x01a\x12\x05\x0a\x03\x22\x01b";
        assert_eq!(message(&components, &v3::COMPONENTS), expected);
    }

    #[test]
    fn a_default_has_a_field_for_each_type_of_value() {
        assert_eq!(default(&json!("a")), b"\x1a\x01a");
        assert_eq!(default(&json!(true)), b"\x10\x01");
        assert_eq!(default(&json!(2)), [&[0x09][..], &2f64.to_le_bytes()].concat());
        assert_eq!(default(&json!({})), b"");
    }
}
