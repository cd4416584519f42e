//! Where two values differ.

use std::fmt;

use serde_json::Value;

/// One place at which the answers differ, and what stands there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    /// A JSON pointer.
    pub(crate) at: String,
    reference: Option<Value>,
    ours: Option<Value>,
}

/// Returns the places at which `ours` is not as `reference`, as deep inside as it can be told; objects of different
/// kinds differ as a whole.
pub(crate) fn differences(reference: &Value, ours: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(String::new(), Some(reference), Some(ours), &mut found);
    found
}

fn compare(at: String, reference: Option<&Value>, ours: Option<&Value>, found: &mut Vec<Difference>) {
    match (reference, ours) {
        (Some(Value::Object(a)), Some(Value::Object(b))) if a.get("kind") == b.get("kind") => {
            let added = b.keys().filter(|name| !a.contains_key(*name));
            for name in a.keys().chain(added) {
                compare(child(&at, name), a.get(name), b.get(name), found);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                compare(child(&at, &index.to_string()), Some(a), Some(b), found);
            }
        }
        (a, b) if a == b => {}
        (a, b) => found.push(Difference { at, reference: a.cloned(), ours: b.cloned() }),
    }
}

fn child(at: &str, name: &str) -> String {
    format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"))
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Option<Value>| value.as_ref().map_or("nothing".to_owned(), Value::to_string);
        write!(
            f,
            "{}\n    reference: {}\n    ours:      {}",
            self.at,
            shown(&self.reference),
            shown(&self.ours)
        )
    }
}

#[test]
fn objects_of_different_kinds_differ_as_a_whole() {
    let status = serde_json::json!({"body": {"kind": "Status", "code": 404}});
    let list = serde_json::json!({"body": {"kind": "List", "items": []}});
    let found: Vec<_> = differences(&status, &list).into_iter().map(|found| found.at).collect();
    assert_eq!(found, ["/body"]);
}

#[test]
fn differences_are_told_as_deep_inside_as_can_be() {
    let reference = serde_json::json!({"same": 1, "a/b": [{"x": 1}], "list": [1], "gone": null});
    let ours = serde_json::json!({"same": 1, "a/b": [{"x": 2}], "list": [1, 2], "new": null});
    let found: Vec<_> = differences(&reference, &ours).into_iter().map(|found| found.at).collect();
    assert_eq!(found, ["/a~1b/0/x", "/gone", "/list", "/new"]);
}
