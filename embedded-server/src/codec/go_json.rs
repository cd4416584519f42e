//! What Go's JSON decoder says of a text that is not JSON: clients and people know its words.
//!
//! Source: `encoding/json/scanner.go`.

use serde_json::Error;
use serde_json::error::Category;

/// What is wrong with `text`, which could not be parsed as JSON because of `error`.
pub(super) fn syntax_fault(text: &str, error: &Error) -> String {
    if error.classify() == Category::Eof {
        return "unexpected end of JSON input".to_owned();
    }
    let words = error.to_string();
    let place = PLACES.iter().find(|(ours, _)| words.starts_with(ours)).map(|(_, place)| *place);
    match (found(text, error), place) {
        (Some(found), Some(place)) => format!("invalid character {} {place}", quoted(found)),
        _ => words,
    }
}

/// What this parser says, and where Go says that the character stands.
const PLACES: [(&str, &str); 9] = [
    ("expected value", "looking for beginning of value"),
    ("expected ident", "in literal"),
    ("key must be a string", "looking for beginning of object key string"),
    ("expected `:`", "after object key"),
    ("expected `,` or `}`", "after object key:value pair"),
    ("expected `,` or `]`", "after array element"),
    ("trailing characters", "after top-level value"),
    ("trailing comma", "looking for beginning of value"),
    ("control character", "in string literal"),
];

/// Returns the character that the parser did not expect.
fn found(text: &str, error: &Error) -> Option<char> {
    let line = text.split('\n').nth(error.line().checked_sub(1)?)?;
    line.get(error.column().checked_sub(1)?..)?.chars().next()
}

fn quoted(found: char) -> String {
    if found == '"' { "'\"'".to_owned() } else { format!("{found:?}") }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn fault(text: &str) -> String {
        syntax_fault(text, &serde_json::from_str::<Value>(text).unwrap_err())
    }

    #[test]
    fn a_text_that_ends_too_soon_is_told_as_go_does() {
        for text in ["", " ", "{", r#"{"a":"#, r#"{"a":1"#, "[1,", r#""a"#, "tru"] {
            assert_eq!(fault(text), "unexpected end of JSON input", "{text}");
        }
    }

    #[test]
    fn a_character_is_told_with_where_it_stands() {
        for (text, place) in [
            ("hello", "'h' looking for beginning of value"),
            ("{a:1}", "'a' looking for beginning of object key string"),
            (r#"{"a" 1}"#, "'1' after object key"),
            (r#"{"a":1 "b":2}"#, "'\"' after object key:value pair"),
            ("[1 2]", "'2' after array element"),
            ("{}x", "'x' after top-level value"),
        ] {
            assert_eq!(fault(text), format!("invalid character {place}"), "{text}");
        }
    }
}
