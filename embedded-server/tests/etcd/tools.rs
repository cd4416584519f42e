//! What the tests are written with.

use std::time::Duration;

use embedded_server::storage::{Backend, Event, Key, Prefix, Revision, Write};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use tokio::time::timeout;

/// How long anything may take that should happen at once; long, for machines that have much to do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn key(name: impl ToString) -> Key {
    Key::from_stored(&format!("g/things/ns/{}", name.to_string()))
}

pub(crate) async fn create(store: &dyn Backend, name: impl ToString) -> Revision {
    store.commit(&key(name), Write::Create("1".into())).await.unwrap()
}

pub(crate) async fn update(store: &dyn Backend, name: impl ToString, expect: Revision) -> Revision {
    store.commit(&key(name), Write::Update { expect, value: "2".into() }).await.unwrap()
}

/// The events of a watch, one by one.
pub(crate) struct Events(BoxStream<'static, Event>);

impl Events {
    pub(crate) async fn after(store: &dyn Backend, after: Revision) -> Self {
        let changes = store.watch(&Prefix::all(), after).await.unwrap();
        Self(changes.flat_map(|changes| stream::iter(changes.unwrap().events)).boxed())
    }

    pub(crate) async fn next(&mut self) -> Event {
        timeout(PATIENCE, self.0.next()).await.expect("an event in time").expect("an event")
    }

    /// Returns the revisions up to and including `last`.
    pub(crate) async fn until(&mut self, last: Revision) -> Vec<Revision> {
        let mut revisions = Vec::new();
        while revisions.last().is_none_or(|revision| *revision < last) {
            revisions.push(self.next().await.revision);
        }
        revisions
    }
}
