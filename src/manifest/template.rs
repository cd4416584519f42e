//! Templates: plain YAML in which a scalar may name a value, `${name}`, and a mapping may say when it is there,
//! `x-when: condition`. Both are resolved on the parsed tree, never in text, so no value can change the shape of
//! a document. Knows nothing of what the values mean.

use std::collections::{BTreeMap, BTreeSet};

use embedded_server::codec::yaml;
use serde_json::{Map, Value};
use thiserror::Error;

/// The key of a mapping that names the condition under which it is there.
const WHEN: &str = "x-when";

/// What templates can name.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// The values by their names; one that is null is absent, and what would hold it is left out.
    pub(crate) values: BTreeMap<&'static str, Value>,
    /// All conditions.
    pub(crate) conditions: BTreeSet<&'static str>,
    /// Those of them that hold.
    pub(crate) holding: BTreeSet<&'static str>,
}

/// Why a template cannot be filled: it is wrong in itself, whatever the values are.
#[derive(Debug, Error)]
pub(crate) enum TemplateError {
    /// It is no YAML.
    #[error(transparent)]
    Yaml(#[from] yaml::YamlError),
    /// It names a value that does not exist.
    #[error("there is no value ${{{0}}}")]
    Value(String),
    /// It names a condition that does not exist.
    #[error("there is no condition {0}")]
    Condition(Value),
    /// It has a value inside a longer text that is not text.
    #[error("${{{0}}} is not text, and cannot be a part of one")]
    NotText(String),
    /// A `${` has no end.
    #[error("a placeholder has no end: {0}")]
    Unclosed(String),
}

impl Places {
    /// Names a value.
    pub(crate) fn put(&mut self, name: &'static str, value: impl Into<Value>) {
        self.values.insert(name, value.into());
    }

    /// Names a condition and says whether it holds.
    pub(crate) fn when(&mut self, condition: &'static str, holds: bool) {
        self.conditions.insert(condition);
        if holds {
            self.holding.insert(condition);
        }
    }

    fn value(&self, name: &str) -> Result<&Value, TemplateError> {
        self.values.get(name).ok_or_else(|| TemplateError::Value(name.to_owned()))
    }

    fn holds(&self, condition: &Value) -> Result<bool, TemplateError> {
        let known = condition.as_str().filter(|name| self.conditions.contains(name));
        let name = known.ok_or_else(|| TemplateError::Condition(condition.clone()))?;
        Ok(self.holding.contains(name))
    }
}

/// Returns the document that `template` stands for, or nothing where its condition does not hold.
pub(crate) fn fill(template: &str, places: &Places) -> Result<Option<Value>, TemplateError> {
    fill_value(yaml::to_value(template.as_bytes())?, places)
}

fn fill_value(template: Value, places: &Places) -> Result<Option<Value>, TemplateError> {
    match template {
        Value::Object(entries) => fill_object(entries, places),
        Value::Array(items) => fill_array(items, places),
        Value::String(text) => fill_text(&text, places),
        other => Ok(Some(other)),
    }
}

/// A mapping that was emptied goes the way of its entries; one that was written empty stays.
fn fill_object(mut entries: Map<String, Value>, places: &Places) -> Result<Option<Value>, TemplateError> {
    if let Some(condition) = entries.remove(WHEN)
        && !places.holds(&condition)?
    {
        return Ok(None);
    }
    let written_empty = entries.is_empty();
    let mut filled = Map::new();
    for (key, value) in entries {
        filled.extend(fill_value(value, places)?.map(|value| (key, value)));
    }
    Ok((written_empty || !filled.is_empty()).then_some(Value::Object(filled)))
}

fn fill_array(items: Vec<Value>, places: &Places) -> Result<Option<Value>, TemplateError> {
    let written_empty = items.is_empty();
    let filled = items.into_iter().map(|item| fill_value(item, places));
    let filled: Vec<_> = filled.filter_map(Result::transpose).collect::<Result<_, _>>()?;
    Ok((written_empty || !filled.is_empty()).then_some(Value::Array(filled)))
}

/// A text that is one placeholder becomes the value, of whatever kind; a longer one takes texts in.
fn fill_text(text: &str, places: &Places) -> Result<Option<Value>, TemplateError> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, name, after)) = next_placeholder(rest)? {
        let value = places.value(name)?;
        if value.is_null() {
            return Ok(None);
        }
        if before.is_empty() && after.is_empty() && filled.is_empty() {
            return Ok(Some(value.clone()));
        }
        filled += before;
        filled += value.as_str().ok_or_else(|| TemplateError::NotText(name.to_owned()))?;
        rest = after;
    }
    filled += rest;
    Ok(Some(Value::String(filled)))
}

/// Splits `text` at its first placeholder: what stands before it, its name, what stands after it.
fn next_placeholder(text: &str) -> Result<Option<(&str, &str, &str)>, TemplateError> {
    let Some((before, opened)) = text.split_once("${") else { return Ok(None) };
    let unclosed = || TemplateError::Unclosed(text.to_owned());
    let (name, after) = opened.split_once('}').ok_or_else(unclosed)?;
    Ok(Some((before, name, after)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn places(text: &str) -> Places {
        let mut places = Places::default();
        places.put("text", text);
        places.put("number", 3);
        places.put("list", json!(["a", {"b": 1}]));
        places.put("absent", Value::Null);
        places.when("fair", true);
        places.when("foul", false);
        places
    }

    fn filled(template: &str) -> Value {
        fill(template, &places("x")).unwrap().unwrap()
    }

    #[test]
    fn a_placeholder_becomes_a_value_of_its_own_kind() {
        assert_eq!(
            filled("a: ${text}\nb: ${number}\nc: ${list}\n"),
            json!({"a": "x", "b": 3, "c": ["a", {"b": 1}]})
        );
    }

    #[test]
    fn texts_are_put_into_longer_texts_and_nothing_else_is() {
        assert_eq!(filled("a: --x=${text}/${text}!\n"), json!({"a": "--x=x/x!"}));
        let error = fill("a: --x=${number}\n", &places("x")).unwrap_err();
        assert_eq!(error.to_string(), "${number} is not text, and cannot be a part of one");
    }

    #[test]
    fn what_would_hold_an_absent_value_is_left_out_with_all_that_it_empties() {
        assert_eq!(
            filled(
                "a: 1\nb: ${absent}\nc: [x, '--y=${absent}']\nd: {e: {f: '${absent}'}}\ng: ['${absent}']\n"
            ),
            json!({"a": 1, "c": ["x"]})
        );
    }

    #[test]
    fn what_was_written_empty_stays() {
        assert_eq!(filled("a: {}\nb: []\nc: ''\n"), json!({"a": {}, "b": [], "c": ""}));
    }

    #[test]
    fn a_mapping_is_there_when_its_condition_holds() {
        let template = "a: {x-when: fair, b: 1}\nc: {x-when: foul, d: 1}\ne: [{x-when: foul, f: 1}, 2]\n";
        assert_eq!(filled(template), json!({"a": {"b": 1}, "e": [2]}));
        assert_eq!(fill("x-when: foul\na: 1\n", &places("x")).unwrap(), None);
    }

    #[test]
    fn a_template_that_names_what_does_not_exist_is_refused() {
        let refused = |template: &str| fill(template, &places("x")).unwrap_err().to_string();
        assert_eq!(refused("a: ${txet}\n"), "there is no value ${txet}");
        assert_eq!(refused("a: {x-when: maybe, b: 1}\n"), "there is no condition \"maybe\"");
        assert_eq!(refused("a: ${text\n"), "a placeholder has no end: ${text");
    }

    #[test]
    fn a_value_that_looks_like_a_placeholder_is_left_alone() {
        let filled = fill("a: ${text} ${text}\n", &places("${number}")).unwrap().unwrap();
        assert_eq!(filled, json!({"a": "${number} ${number}"}));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_text_is_read_back_at_its_place(text in any::<String>()) {
            let filled = fill("a: ${text}\nb: [1, 'x${text}y']\nc: {d: '${text}'}\n", &places(&text)).unwrap();
            let expected = json!({"a": text, "b": [1, format!("x{text}y")], "c": {"d": text}});
            prop_assert_eq!(filled.as_ref(), Some(&expected));
            let document = yaml::from_value(&expected);
            prop_assert_eq!(yaml::to_value(document.as_bytes()).unwrap(), expected);
        }

        #[test]
        fn any_text_of_troublesome_characters_is_read_back(
            text in "[-:?#&*!|>'\"%@`{}\\[\\], \t\r\n\u{85}\u{2028}\u{feff}$a1~.=<]{0,12}"
        ) {
            let expected = json!({"a": text, "b": [text]});
            let filled = fill("a: ${text}\nb: ['${text}']\n", &places(&text)).unwrap().unwrap();
            let document = yaml::from_value(&filled);
            prop_assert_eq!(yaml::to_value(document.as_bytes()).unwrap(), expected);
        }
    }
}
