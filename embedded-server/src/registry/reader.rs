//! Reading the objects of one type in order to decide about another, as admission does.

use std::sync::Arc;

use super::{Registry, Strategy, cache_key, read_error};
use crate::cacher::Place;
use crate::meta::{ApiError, GetOptions, Selector};

/// Reads what is stored of a type, as fresh as a client would, and can change nothing.
#[derive(Debug)]
pub struct Reader<S: Strategy>(Arc<Registry<S>>);

impl<S: Strategy> Registry<S> {
    /// Returns what reads the objects of this registry.
    pub fn reader(self: &Arc<Self>) -> Reader<S> {
        Reader(Arc::clone(self))
    }
}

impl<S: Strategy> Reader<S> {
    /// Returns an object, or none.
    ///
    /// # Errors
    /// When the store does not answer, or the object cannot be read.
    pub async fn get(&self, place: &Place) -> Result<Option<S::Object>, ApiError> {
        let view =
            self.0.cacher.view(GetOptions::MostRecent).await.map_err(|error| read_error::<S>(&error))?;
        let object = view.get(&cache_key(place));
        object.map(|object| Registry::<S>::decode(&object.encoded().json())).transpose()
    }

    /// Returns the objects of a namespace in the order of their names; empty stands for all namespaces, and for
    /// the cluster where the type has none.
    ///
    /// # Errors
    /// When the store does not answer, or an object cannot be read.
    pub async fn list(&self, namespace: &str) -> Result<Vec<S::Object>, ApiError> {
        let place = Place { namespace: namespace.to_owned(), name: String::new() };
        let filter = self.0.filter(place, Selector::default())?;
        let view =
            self.0.cacher.view(GetOptions::MostRecent).await.map_err(|error| read_error::<S>(&error))?;
        let items = view.page(&filter, None, None).items;
        items.iter().map(|object| Registry::<S>::decode(&object.encoded().json())).collect()
    }
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::admission::Chain;
    use crate::cacher::Limits;
    use crate::clock::SystemClock;
    use crate::codec::BodyFormat;
    use crate::meta::{Descriptor, ObjectMeta, Resource, WriteOptions};
    use crate::registry::{Body, Context, Operation, Request, Rest};
    use crate::storage::Memory;

    #[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
    #[serde(default)]
    struct Note {
        metadata: ObjectMeta,
    }

    impl Resource for Note {
        const DESCRIPTOR: Descriptor = Descriptor {
            group: "example.com",
            version: "v1",
            kind: "Note",
            plural: "notes",
            ..Descriptor::NAMESPACED
        };

        fn metadata(&self) -> &ObjectMeta {
            &self.metadata
        }

        fn metadata_mut(&mut self) -> &mut ObjectMeta {
            &mut self.metadata
        }
    }

    #[derive(Debug)]
    struct Notes;

    impl Strategy for Notes {
        type Object = Note;
    }

    fn place(namespace: &str, name: &str) -> Place {
        Place { namespace: namespace.to_owned(), name: name.to_owned() }
    }

    async fn notes(names: &[(&str, &str)]) -> Reader<Notes> {
        let (store, clock) = (Arc::new(Memory::new()), Arc::new(SystemClock));
        let registry = Registry::start(Notes, store, Chain::default(), clock, Limits::default()).await;
        let registry = Arc::new(registry.unwrap());
        for (namespace, name) in names {
            let body =
                format!(r#"{{"apiVersion":"example.com/v1","kind":"Note","metadata":{{"name":"{name}"}}}}"#);
            let body = Body { bytes: body.into(), format: BodyFormat::Json };
            let operation = Operation::Create { body, options: WriteOptions::default() };
            let request = Request { place: place(namespace, ""), subresource: None, operation };
            registry.execute(&Context::default(), request).await.unwrap();
        }
        registry.reader()
    }

    #[tokio::test]
    async fn a_reader_sees_what_was_just_written() {
        let notes = notes(&[("x", "b"), ("y", "c"), ("x", "a")]).await;
        let names = |notes: Vec<Note>| notes.into_iter().filter_map(|n| n.metadata.name).collect::<Vec<_>>();
        assert_eq!(names(notes.list("x").await.unwrap()), ["a", "b"]);
        assert_eq!(names(notes.list("").await.unwrap()), ["a", "b", "c"]);
        let found = notes.get(&place("y", "c")).await.unwrap();
        assert_eq!(found.unwrap().metadata.namespace.as_deref(), Some("y"));
        assert!(notes.get(&place("x", "c")).await.unwrap().is_none());
    }
}
