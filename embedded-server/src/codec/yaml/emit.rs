//! Writes JSON values as YAML that every reader understands alike. Readers in Go follow YAML 1.1, in which `no`,
//! `1_000` and `12:30` are no text: such words are quoted, and so is all that might be one. The forms are otherwise
//! those of `sigs.k8s.io/yaml`.

use serde_json::{Map, Value};

/// The longest key that YAML lets stand before its colon without a mark is 1024 characters long.
const LONGEST_SIMPLE_KEY: usize = 1000;

/// Words that are not text in one version of YAML or another, in small letters.
const WORDS: [&str; 11] = ["", "~", "null", "y", "n", "yes", "no", "on", "off", "true", "false"];

/// What stands before a value on its line.
#[derive(Clone, Copy)]
enum Before {
    Nothing,
    Key,
    Dash,
}

/// Returns `value` as one YAML document that ends in a line break; keys keep their order.
pub(super) fn document(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value, 0, Before::Nothing);
    out
}

/// Writes `value`; the lines of it that are not the first one begin `indent` deep.
fn write(out: &mut String, value: &Value, indent: usize, before: Before) {
    match value {
        Value::Object(entries) if !entries.is_empty() => write_entries(out, entries, indent, before),
        Value::Array(items) if !items.is_empty() => write_items(out, items, indent, before),
        Value::String(text) if is_block(text, before) => write_block(out, text, indent),
        other => {
            let space = if matches!(before, Before::Nothing) { "" } else { " " };
            out.push_str(&format!("{space}{}\n", scalar(other)));
        }
    }
}

fn write_entries(out: &mut String, entries: &Map<String, Value>, indent: usize, before: Before) {
    begin(out, before);
    for (at, (key, value)) in entries.iter().enumerate() {
        margin(out, indent, at > 0 || matches!(before, Before::Key));
        let key = quoted_if_needed(key);
        if key.len() > LONGEST_SIMPLE_KEY {
            out.push_str(&format!("? {key}\n{:indent$}:", ""));
        } else {
            out.push_str(&format!("{key}:"));
        }
        let deeper = if value.is_array() { indent } else { indent + 2 };
        write(out, value, deeper, Before::Key);
    }
}

fn write_items(out: &mut String, items: &[Value], indent: usize, before: Before) {
    begin(out, before);
    for (at, item) in items.iter().enumerate() {
        margin(out, indent, at > 0 || matches!(before, Before::Key));
        out.push('-');
        write(out, item, indent + 2, Before::Dash);
    }
}

fn begin(out: &mut String, before: Before) {
    match before {
        Before::Nothing => {}
        Before::Key => out.push('\n'),
        Before::Dash => out.push(' '),
    }
}

fn margin(out: &mut String, indent: usize, at_start_of_line: bool) {
    if at_start_of_line {
        out.push_str(&" ".repeat(indent));
    }
}

/// Says whether lines of text can be written as lines, which is how people want to read them.
fn is_block(text: &str, before: Before) -> bool {
    let plain = |c: char| c == '\n' || !needs_escape(c);
    let lines = || text.strip_suffix('\n').unwrap_or(text).split('\n');
    !matches!(before, Before::Nothing)
        && text.contains('\n')
        && text.chars().all(plain)
        && !text.starts_with([' ', '\n'])
        && lines().all(|line| !line.ends_with(' '))
        && lines().next_back().is_some_and(|line| !line.is_empty())
}

fn write_block(out: &mut String, text: &str, indent: usize) {
    let (text, mark) = text.strip_suffix('\n').map_or((text, "|-"), |text| (text, "|"));
    out.push_str(&format!(" {mark}\n"));
    for line in text.split('\n') {
        margin(out, indent, !line.is_empty());
        out.push_str(line);
        out.push('\n');
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => quoted_if_needed(text),
        other => other.to_string(),
    }
}

fn quoted_if_needed(text: &str) -> String {
    if text.chars().any(needs_escape) {
        return escaped(text);
    }
    if is_plain(text) { text.to_owned() } else { format!("'{}'", text.replace('\'', "''")) }
}

/// Says whether `text` is read as itself without quotes; where that is not plain to see, it says no.
fn is_plain(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || "_-./=@+,$%()~^;: ".contains(c);
    let first = |c: char| c.is_ascii_alphanumeric() || "_-/$".contains(c);
    text.starts_with(first)
        && text.chars().all(inner)
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.starts_with("- ")
        && !text.starts_with("---")
        && !text.starts_with("-.")
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
        && !may_be_number(text)
}

/// Numbers of all bases, with underscores and in base 60, dates and times are made of these.
fn may_be_number(text: &str) -> bool {
    let of_numbers = |c: char| c.is_ascii_hexdigit() || "xXoO_+-.: tTzZ".contains(c);
    text.starts_with(|c: char| c.is_ascii_digit() || c == '-') && text.chars().all(of_numbers)
}

fn needs_escape(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn escaped(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if needs_escape(c) => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::codec::yaml;

    fn read_back(value: &Value) -> Value {
        yaml::to_value(document(value).as_bytes()).unwrap()
    }

    #[test]
    fn lists_stand_under_their_keys_and_mappings_inside() {
        let value = json!({
            "a": [{"b": 1, "c": [true, null]}, [1, [2]], "x"],
            "d": {"e": {"f": 1.5}},
            "g": {},
            "h": [],
        });
        let text = "\
a:
- b: 1
  c:
  - true
  - null
- - 1
  - - 2
- x
d:
  e:
    f: 1.5
g: {}
h: []
";
        assert_eq!(document(&value), text);
        assert_eq!(read_back(&value), value);
    }

    #[test]
    fn lines_are_written_as_lines() {
        let value = json!({"a": "one\n\n  two\n", "b": ["x\ny"]});
        assert_eq!(document(&value), "a: |\n  one\n\n    two\nb:\n- |-\n  x\n  y\n");
        assert_eq!(read_back(&value), value);
    }

    #[test]
    fn what_some_reader_takes_for_something_else_is_quoted() {
        for text in [
            "",
            "~",
            "null",
            "Null",
            "y",
            "N",
            "yes",
            "no",
            "NO",
            "on",
            "Off",
            "true",
            "FALSE",
            "1",
            "-1",
            "1_000",
            "0x1f",
            "0o17",
            "017",
            "0b1",
            "1e3",
            "12:30",
            "12:30:45",
            "2001-01-01",
            "2001-01-01T00:00:00Z",
            ".5",
            ".inf",
            "-.inf",
            ".nan",
            "=",
            "<<",
            "+1",
            "- a",
            "a: b",
            "a:",
            "a #b",
            "#a",
            "&a",
            "*a",
            "!a",
            "|",
            ">",
            "%a",
            "@a",
            "`a",
            "{a",
            "[a",
            "'a",
            "\"a",
            "? a",
            " a",
            "a ",
            "---",
            "a,{b}",
        ] {
            let line = document(&json!([text]));
            assert!(line.starts_with("- '"), "{line}");
            assert_eq!(read_back(&json!([text])), json!([text]));
        }
    }

    #[test]
    fn what_can_be_nothing_but_text_is_not_quoted() {
        for text in
            ["a", "v1", "128Mi", "100m", "--flag=a/b:c", "https", "a b", "app.kubernetes.io/name", "no-one"]
        {
            assert_eq!(document(&json!([text])), format!("- {text}\n"));
        }
    }

    #[test]
    fn a_key_may_be_long() {
        let value = json!({"k".repeat(3000): {"b": "c"}, "l".repeat(3000): ["d"]});
        assert_eq!(read_back(&value), value);
    }

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "[-:?#&*!|>'\"%@`{}\\[\\], \t\r\n\u{85}\u{2028}\u{feff}\u{0}$a1~.=<_]{0,12}",
            "[ a\n]{0,12}",
            "[-+0-9a-fxo_.:TZ ]{1,8}",
        ]
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            text().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            Just(Value::Null),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..4).prop_map(Value::from),
                btree_map(text(), inner, 0..4).prop_map(|entries| json!(entries)),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

        #[test]
        fn any_value_is_read_back(value in any_value()) {
            prop_assert_eq!(read_back(&value), value);
        }
    }
}
