//! What a client can show of the objects that it keeps.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

/// A part of an object by which copies are compared.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Picture {
    /// All of it, save for what lists leave out: its kind and version.
    Whole,
    Metadata,
    /// Some cells of a table.
    Row,
}

/// The pictures of objects, by `namespace/name`.
pub(crate) type Gallery = BTreeMap<String, Value>;

impl Picture {
    pub(crate) fn of_all(self, objects: &[Value]) -> Gallery {
        let gallery: Gallery = objects.iter().map(|object| (key(object), self.of(object))).collect();
        assert_eq!(gallery.len(), objects.len(), "some are there twice");
        gallery
    }

    fn of(self, object: &Value) -> Value {
        match self {
            Self::Whole => json!([object["metadata"], object["spec"], object["status"]]),
            Self::Metadata => object["metadata"].clone(),
            Self::Row => json!([object["status"]["phase"], object["spec"]["steps"].as_array().map(Vec::len)]),
        }
    }
}

pub(crate) fn key(object: &Value) -> String {
    let metadata = &object["metadata"];
    format!("{}/{}", metadata["namespace"].as_str().unwrap(), metadata["name"].as_str().unwrap())
}

pub(crate) fn to_values<K: Serialize>(objects: impl IntoIterator<Item = K>) -> Vec<Value> {
    objects.into_iter().map(|object| serde_json::to_value(object).unwrap()).collect()
}

/// Fails unless `copy` is the same as `listed`; says where they differ, not more.
pub(crate) fn compare(who: &str, copy: &Gallery, listed: &Gallery) {
    for key in copy.keys().chain(listed.keys()) {
        assert_eq!(copy.get(key), listed.get(key), "{who} has another {key} than a list (right)");
    }
}
