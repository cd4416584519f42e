//! The mark that a store carries while it is being filled from another one, in a place of its own beside all objects.

use anyhow::{Context, anyhow};
use bytes::Bytes;
use embedded_server::meta::Descriptor;
use embedded_server::storage::{Backend, Key, Prefix};
use serde::{Deserialize, Serialize};

use super::Content;
use crate::failure::Hint;

const MIGRATIONS: Descriptor = Descriptor {
    group: "storage.workflow.example.com",
    version: "v1",
    kind: "Migration",
    plural: "migrations",
    singular: "migration",
    ..Descriptor::NAMESPACED
};

/// Says what a store is going to hold. It has the shape of an object, as all that is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Migration {
    api_version: String,
    kind: String,
    metadata: Metadata,
    /// What the source holds.
    source: Content,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Metadata {
    name: String,
}

impl Migration {
    const NAME: &str = "current";

    /// Returns the mark of a migration of what a source holds.
    pub(crate) fn of(source: Content) -> Self {
        let metadata = Metadata { name: Self::NAME.to_owned() };
        Self { api_version: MIGRATIONS.api_version(), kind: MIGRATIONS.kind.to_owned(), metadata, source }
    }

    /// Returns where it is kept.
    pub(crate) fn key() -> Key {
        Prefix::of_resource(&MIGRATIONS).object("", Self::NAME)
    }

    /// Reads a mark.
    ///
    /// # Errors
    ///
    /// It is none, or that of another version.
    pub(crate) fn decode(stored: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(stored)
    }

    /// Returns what is stored of it.
    ///
    /// # Errors
    ///
    /// None that can be: it is made of texts and a number.
    pub(crate) fn encode(&self) -> serde_json::Result<Bytes> {
        Ok(serde_json::to_vec(self)?.into())
    }
}

/// Refuses a store that is not filled yet.
///
/// # Errors
///
/// It carries the mark, or cannot be read.
pub(crate) async fn refuse_half(store: &dyn Backend) -> anyhow::Result<()> {
    match store.get(&Migration::key()).await.context("cannot read the store")? {
        None => Ok(()),
        Some(_) => Err(anyhow!("the store holds half of a migration"))
            .hint("wfctl storage migrate with the same --from and --to goes on with it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_was_written() {
        let mark = Migration::of(Content { objects: 2, sha256: "00".to_owned() });
        let stored = mark.encode().unwrap();
        assert_eq!(Migration::decode(&stored).unwrap(), mark);
        let expected = concat!(
            r#"{"apiVersion":"storage.workflow.example.com/v1","kind":"Migration","metadata":{"name":"current"},"#,
            r#""source":{"objects":2,"sha256":"00"}}"#,
        );
        assert_eq!(stored, expected);
        assert_eq!(Migration::key().as_str(), "storage.workflow.example.com/migrations/current");
    }
}
