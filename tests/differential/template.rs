//! References in requests: `{{word}}` to a word of the target, `{{step:/pointer}}` into the body of an earlier answer.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// Stands for what an earlier answer did not say: that answer is what differs.
const MISSING: &str = "missing";

/// What references may refer to.
#[derive(Clone, Debug)]
pub(crate) struct Words {
    words: Map<String, Value>,
    answers: Map<String, Value>,
}

impl Words {
    pub(crate) fn new(words: Map<String, Value>) -> Self {
        Self { words, answers: Map::new() }
    }

    /// Lets later steps refer to the body of an answer.
    pub(crate) fn remember(&mut self, step: &str, body: Value) {
        self.answers.insert(step.to_owned(), body);
    }

    /// Fills in a text.
    pub(crate) fn text(&self, text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, reference, after)) = next(rest) {
            filled.push_str(before);
            filled.push_str(&spelled(&self.look_up(reference)));
            rest = after;
        }
        filled + rest
    }

    /// Fills in all texts of a value; a text that is nothing but a reference becomes what it refers to.
    pub(crate) fn value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => match next(text) {
                Some(("", reference, "")) => self.look_up(reference).into_owned(),
                _ => Value::String(self.text(text)),
            },
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Value::Object(fields) => {
                fields.iter().map(|(name, value)| (self.text(name), self.value(value))).collect()
            }
            other => other.clone(),
        }
    }

    fn look_up(&self, reference: &str) -> Cow<'_, Value> {
        let Some((step, pointer)) = reference.split_once(':') else {
            let word = self.words.get(reference);
            return Cow::Borrowed(word.unwrap_or_else(|| panic!("no word {reference}")));
        };
        let answer = self.answers.get(step).unwrap_or_else(|| panic!("no step {step} so far"));
        answer.pointer(pointer).map_or_else(|| Cow::Owned(MISSING.into()), Cow::Borrowed)
    }
}

/// Returns what is before, in and after the first reference.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("{{")?;
    let (reference, after) = rest.split_once("}}")?;
    Some((before, reference, after))
}

fn spelled(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[test]
fn references_stand_for_words_and_for_parts_of_earlier_answers() {
    let words = serde_json::json!({"kind": "Workflow", "spec": {"steps": []}});
    let mut words = Words::new(words.as_object().unwrap().clone());
    words.remember("made", serde_json::json!({"metadata": {"uid": "u-1"}}));
    assert_eq!(words.text("{{kind}}/{{made:/metadata/uid}}!"), "Workflow/u-1!");
    assert_eq!(words.text("{{spec}}"), r#"{"steps":[]}"#);
    let body = serde_json::json!({"{{kind}}": ["{{spec}}", "a {{kind}}", 1]});
    assert_eq!(words.value(&body), serde_json::json!({"Workflow": [{"steps": []}, "a Workflow", 1]}));
}
