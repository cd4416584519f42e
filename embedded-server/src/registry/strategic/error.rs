//! Why a strategic merge patch does not apply, in the words of `apimachinery/pkg/util/mergepatch/errors.go`.

use serde_json::{Map, Value};

use super::go::Go;

/// Why a patch does not apply.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(in crate::registry) enum PatchError {
    /// A list that merges has lists in it.
    #[error("lists of lists are not supported")]
    ListOfLists,
    /// `$deleteFromPrimitiveList` names no list.
    #[error("invalid patch format of primitive list")]
    PrimitiveList,
    /// `$retainKeys` is no list, or leaves out a field that the patch sets.
    #[error("invalid patch format of retainKeys")]
    RetainKeys,
    /// `$setElementOrder` names no list.
    #[error("invalid patch format of setElementOrder list")]
    SetElementOrder,
    /// Any other reason, with the words in which it is told.
    #[error("{0}")]
    Other(String),
}

impl PatchError {
    /// A value has another type than it must have.
    pub(super) fn mistyped(expected: &str, actual: &Value) -> Self {
        Self::Other(format!("expected a {expected}, but received a {}", type_name(actual)))
    }

    /// An item of a list lacks the field that tells items apart.
    pub(super) fn no_merge_key(item: &Value, key: &str) -> Self {
        Self::Other(format!("map: {} does not contain declared merge key: {key}", Go(item)))
    }

    /// A map has a directive that is not known.
    pub(super) fn unknown_directive(map: Map<String, Value>) -> Self {
        let map = Value::Object(map);
        Self::Other(format!("unknown patch type: {} in map: {}", Go(&map[super::PATCH]), Go(&map)))
    }

    /// A list of maps is to be merged that declares no merge key.
    pub(super) fn no_declared_merge_key() -> Self {
        Self::Other("cannot merge lists without merge key for struct".to_owned())
    }

    /// An item of a list asks to merge the list.
    pub(super) fn merge_of_list() -> Self {
        Self::Other("merging lists cannot yet be specified in the patch".to_owned())
    }

    /// Items of the lists have different types.
    pub(super) fn mixed(original: &[Value], patch: &[Value]) -> Self {
        let lists = Value::from(vec![Value::from(original), Value::from(patch)]);
        Self::Other(format!("list element types are not identical: {}", Go(&lists)))
    }

    /// A list is to be put in order that has no items.
    pub(super) fn no_elements() -> Self {
        Self::Other("no elements in any of the given slices".to_owned())
    }

    /// The items of a patch stand in another order than it sets, or are missing there.
    pub(super) fn out_of_order(patch: &[Value], order: &[Value]) -> Self {
        let (patch, order) = (Value::from(patch), Value::from(order));
        Self::Other(format!(
            "The order in patch list:\n{}\n doesn't match $setElementOrder list:\n{}\n",
            Go(&patch),
            Go(&order)
        ))
    }
}

/// Returns the name of the Go type that a JSON value is decoded to.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "%!s(<nil>)",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => super::LIST,
        Value::Object(_) => super::MAP,
    }
}
