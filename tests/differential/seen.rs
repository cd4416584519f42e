//! What the server chose in the answers of a scenario: uids, versions, names.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// How many letters the server adds to `generateName`.
const RANDOM_LETTERS: usize = 5;
/// What `generateName` is cut to before.
const LONGEST_PREFIX: usize = 58;

/// What stands for something else in the answers of a scenario.
#[derive(Default)]
pub(crate) struct Seen {
    uids: Vec<String>,
    pub(crate) versions: BTreeSet<u64>,
    generated: BTreeMap<String, String>,
}

impl Seen {
    /// Learns from an answer or event.
    pub(crate) fn value(&mut self, value: &Value) {
        match value {
            event if is_bookmark(event) => {}
            Value::Array(items) => items.iter().for_each(|item| self.value(item)),
            Value::Object(fields) => {
                if !is_list(fields)
                    && let Some(metadata) = fields.get("metadata")
                {
                    self.metadata(metadata);
                }
                fields.values().for_each(|value| self.value(value));
            }
            _ => {}
        }
    }

    fn metadata(&mut self, metadata: &Value) {
        let text = |name: &str| metadata[name].as_str().map(str::to_owned);
        self.uids.extend(text("uid").filter(|uid| !self.uids.contains(uid)));
        self.versions.extend(number(&metadata["resourceVersion"]).filter(|version| *version > 0));
        if let (Some(wish), Some(name)) = (text("generateName"), text("name"))
            && name.starts_with(prefix(&wish))
            && name.len() == prefix(&wish).len() + RANDOM_LETTERS
        {
            self.generated.insert(name, format!("{}{{{{random}}}}", prefix(&wish)));
        }
    }

    /// Returns texts and what they become.
    pub(crate) fn replacements(&self) -> Vec<(String, String)> {
        let uids = self.uids.iter().enumerate();
        let uids = uids.map(|(index, uid)| (uid.clone(), format!("{{{{uid {}}}}}", index + 1)));
        uids.chain(self.generated.clone()).collect()
    }
}

/// Tells whether an event is about no object, but about how far a watch has come.
pub(crate) fn is_bookmark(event: &Value) -> bool {
    event.get("type").is_some_and(|kind| kind == "BOOKMARK")
}

/// Tells whether an object is a list or a table.
pub(crate) fn is_list(fields: &Map<String, Value>) -> bool {
    fields.contains_key("items") || fields.contains_key("rows")
}

/// Returns the number that a text is.
pub(crate) fn number(value: &Value) -> Option<u64> {
    value.as_str()?.parse().ok()
}

/// Returns what is left of `generateName` in a name.
fn prefix(wish: &str) -> &str {
    &wish[..wish.len().min(LONGEST_PREFIX)]
}
