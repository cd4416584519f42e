//! Sets of fields in the form that `managedFields[].fieldsV1` has.
//!
//! Source: structured-merge-diff `fieldpath/serialize.go`.

use serde_json::{Map, Value};

use super::path::{PathElement, Unreadable};
use super::set::{Branch, FieldSet};

/// Stands for the field itself beside the fields below it.
const SELF: &str = ".";

/// The deepest nesting that is read; objects cannot be nested deeper.
const DEEPEST: usize = 128;

/// `fieldsV1` that names no set of fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// Returns the form of a set that stands in `fieldsV1`.
pub(super) fn encode(set: &FieldSet) -> Value {
    Value::Object(encode_branches(set))
}

fn encode_branches(set: &FieldSet) -> Map<String, Value> {
    set.branches().map(|(element, branch)| (element.encode(), encode_branch(branch))).collect()
}

fn encode_branch(branch: &Branch) -> Value {
    let mut fields = encode_branches(&branch.below);
    if branch.member && !fields.is_empty() {
        fields.insert(SELF.to_owned(), Value::Object(Map::new()));
    }
    Value::Object(fields)
}

/// Reads a set; elements of types that a later version may know are dropped.
///
/// # Errors
/// When `fields` is no map of path elements, or nested deeper than any object can be.
pub(super) fn decode(fields: &Value) -> Result<FieldSet, Malformed> {
    decode_branch(fields, 0).map(|branch| branch.below)
}

fn decode_branch(fields: &Value, depth: usize) -> Result<Branch, Malformed> {
    if depth > DEEPEST {
        return Err(Malformed);
    }
    let mut branch = Branch::default();
    match fields {
        Value::Null => {}
        Value::Object(fields) => {
            for (name, below) in fields {
                decode_entry(name, below, depth, &mut branch)?;
            }
        }
        _ => return Err(Malformed),
    }
    branch.member |= branch.below.is_empty();
    Ok(branch)
}

fn decode_entry(name: &str, below: &Value, depth: usize, into: &mut Branch) -> Result<(), Malformed> {
    if name == SELF {
        into.member = true;
        return Ok(());
    }
    match PathElement::parse(name) {
        Ok(element) => into.below.add(element, decode_branch(below, depth + 1)?),
        Err(Unreadable::UnknownType) => {}
        Err(Unreadable::Malformed) => return Err(Malformed),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sets_keep_their_form() {
        let fields = json!({
            "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
            "f:spec": {"f:steps": {".": {}, "k:{\"name\":\"build\"}": {".": {}, "f:image": {}}}},
            "f:tags": {"v:\"a\"": {}},
        });
        let set = decode(&fields).unwrap();
        assert_eq!(encode(&set), fields);
        assert!(set.field("spec").unwrap().below.field("steps").unwrap().member);
        assert!(!set.field("spec").unwrap().member);
    }

    #[test]
    fn an_empty_set_is_an_empty_map() {
        assert_eq!(encode(&FieldSet::default()), json!({}));
        for empty in [json!({}), json!(null), json!({".": {}}), json!({"x:later": {"f:a": {}}})] {
            assert_eq!(decode(&empty), Ok(FieldSet::default()));
        }
    }

    #[test]
    fn what_is_no_set_is_refused() {
        for fields in
            [json!([]), json!("f:a"), json!({"a": {}}), json!({"f:a": {"k:[]": {}}}), json!({"f:a": 1})]
        {
            assert_eq!(decode(&fields), Err(Malformed), "{fields}");
        }
    }

    #[test]
    fn bottomless_nesting_is_refused() {
        let mut fields = json!({});
        for _ in 0..1_000 {
            fields = json!({"f:a": fields});
        }
        assert_eq!(decode(&fields), Err(Malformed));
    }
}
