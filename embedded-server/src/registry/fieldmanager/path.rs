//! Path elements: how one step from a value to one of its parts is named.
//!
//! Source: structured-merge-diff `fieldpath/element.go` and `fieldpath/serialize-pe.go`.

use std::cmp::Ordering;
use std::fmt::{self, Display};

use serde_json::Value;

use super::order;

/// One step down: to a field, a list item or a set's element.
#[derive(Clone, Debug)]
pub(super) enum PathElement {
    /// A field of an object or an entry of a map.
    Field(String),
    /// The item of a list whose fields have these values; sorted by name.
    Key(Vec<(String, Value)>),
    /// The element of a set.
    Value(Value),
    /// The item of a list by its position.
    Index(i64),
}

/// Why a text names no path element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// It is of a type that a later version may know.
    UnknownType,
    /// It makes no sense.
    Malformed,
}

impl PathElement {
    /// Returns the step to a field.
    pub(super) fn field(name: &str) -> Self {
        Self::Field(name.to_owned())
    }

    /// Reads the form that stands in `fieldsV1`, for example `f:spec` or `k:{"name":"build"}`.
    pub(super) fn parse(text: &str) -> Result<Self, Unreadable> {
        let (kind, content) = text.split_at_checked(2).ok_or(Unreadable::Malformed)?;
        match kind {
            "f:" => Ok(Self::field(content)),
            "k:" => parse_key(content),
            "v:" => serde_json::from_str(content).map(Self::Value).map_err(|_| Unreadable::Malformed),
            "i:" => content.parse().map(Self::Index).map_err(|_| Unreadable::Malformed),
            _ if kind.ends_with(':') => Err(Unreadable::UnknownType),
            _ => Err(Unreadable::Malformed),
        }
    }

    /// Returns the form that stands in `fieldsV1`.
    pub(super) fn encode(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Key(fields) => format!("k:{}", encode_key(fields)),
            Self::Value(value) => format!("v:{}", go_json(value)),
            Self::Index(index) => format!("i:{index}"),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Field(_) => 0,
            Self::Key(_) => 1,
            Self::Value(_) => 2,
            Self::Index(_) => 3,
        }
    }
}

fn parse_key(content: &str) -> Result<PathElement, Unreadable> {
    match serde_json::from_str(content) {
        Ok(Value::Object(fields)) => Ok(PathElement::Key(fields.into_iter().collect())),
        _ => Err(Unreadable::Malformed),
    }
}

fn encode_key(fields: &[(String, Value)]) -> String {
    let fields = fields.iter().map(|(name, value)| format!("{}:{}", quote_json(name), go_json(value)));
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}

fn quote_json(text: &str) -> String {
    Value::from(text).to_string()
}

/// Writes JSON as Go's default encoder does, which escapes what could end an HTML script.
pub(super) fn go_json(value: &Value) -> String {
    let mut text = String::new();
    for c in value.to_string().chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => text.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => text.push(c),
        }
    }
    text
}

impl Ord for PathElement {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Field(a), Self::Field(b)) => a.cmp(b),
            (Self::Key(a), Self::Key(b)) => keys(a, b),
            (Self::Value(a), Self::Value(b)) => order::compare(a, b),
            (Self::Index(a), Self::Index(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

fn keys(a: &[(String, Value)], b: &[(String, Value)]) -> Ordering {
    let fields = a.iter().zip(b).map(|(a, b)| a.0.cmp(&b.0).then_with(|| order::compare(&a.1, &b.1)));
    let differing = fields.into_iter().find(|order| order.is_ne());
    differing.unwrap_or_else(|| a.len().cmp(&b.len()))
}

impl PartialOrd for PathElement {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for PathElement {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for PathElement {}

/// As conflicts name it, for example `.spec`, `[name="build"]` or `[="a"]`.
impl Display for PathElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, ".{name}"),
            Self::Key(fields) => {
                let fields = fields.iter().map(|(name, value)| format!("{name}={}", show(value)));
                write!(f, "[{}]", fields.collect::<Vec<_>>().join(","))
            }
            Self::Value(value) => write!(f, "[={}]", show(value)),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

fn show(value: &Value) -> String {
    match value {
        Value::String(text) => quote(text),
        Value::Array(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(",")),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| format!("{name}={}", show(value))).collect()
        }
        scalar => scalar.to_string(),
    }
}

/// Quotes text as Go's `%q` does.
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    text.chars().for_each(|c| escape(c, &mut quoted));
    quoted.push('"');
    quoted
}

fn escape(c: char, to: &mut String) {
    match c {
        '"' | '\\' => to.extend(['\\', c]),
        '\n' => to.push_str("\\n"),
        '\r' => to.push_str("\\r"),
        '\t' => to.push_str("\\t"),
        '\x07' => to.push_str("\\a"),
        '\x08' => to.push_str("\\b"),
        '\x0b' => to.push_str("\\v"),
        '\x0c' => to.push_str("\\f"),
        c if c.is_ascii_control() => to.push_str(&format!("\\x{:02x}", u32::from(c))),
        c if c.is_control() => to.push_str(&format!("\\u{:04x}", u32::from(c))),
        c => to.push(c),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn element(text: &str) -> PathElement {
        PathElement::parse(text).unwrap()
    }

    #[test]
    fn elements_keep_their_form() {
        for text in [
            "f:spec",
            "f:",
            "f:a:b",
            r#"k:{"name":"a"}"#,
            r#"k:{"a":1,"b":true}"#,
            r#"v:"x""#,
            "v:null",
            "i:-3",
        ] {
            assert_eq!(element(text).encode(), text);
        }
    }

    #[test]
    fn keys_are_sorted_by_name() {
        assert_eq!(element(r#"k:{"b":1,"a":2}"#).encode(), r#"k:{"a":2,"b":1}"#);
    }

    #[test]
    fn what_go_escapes_is_escaped() {
        assert_eq!(PathElement::Value(json!("a<b&\u{2028}")).encode(), r#"v:"a\u003cb\u0026\u2028""#);
        assert_eq!(element(r#"v:"a\u003cb""#), PathElement::Value(json!("a<b")));
    }

    #[test]
    fn nonsense_is_told_from_what_a_later_version_may_know() {
        assert_eq!(PathElement::parse("x:1"), Err(Unreadable::UnknownType));
        for text in
            ["", "f", ".", "spec", "k:1", "k:{", "v:", "v:1 2", "i:", "i:1.5", "i:99999999999999999999", "é:"]
        {
            assert_eq!(PathElement::parse(text), Err(Unreadable::Malformed), "{text}");
        }
    }

    #[test]
    fn fields_come_before_keys_before_values_before_positions() {
        let sorted = [
            "f:a",
            "f:b",
            r#"k:{"a":9}"#,
            r#"k:{"a":10}"#,
            r#"k:{"a":10,"b":1}"#,
            "v:1",
            r#"v:"a""#,
            "i:0",
            "i:2",
        ];
        for pair in sorted.windows(2) {
            assert!(element(pair[0]) < element(pair[1]), "{pair:?}");
        }
    }

    #[test]
    fn conflicts_show_paths_as_go_does() {
        let shown = [
            ("f:spec", ".spec"),
            (r#"k:{"n":"a\"b","p":1}"#, r#"[n="a\"b",p=1]"#),
            ("v:true", "[=true]"),
            ("i:1", "[1]"),
        ];
        for (text, path) in shown {
            assert_eq!(element(text).to_string(), path);
        }
    }
}
