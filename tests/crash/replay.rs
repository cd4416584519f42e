//! The state of a client that knows only what watches told it.

use std::sync::Arc;

use futures::TryStreamExt;
use kube::api::{DynamicObject, WatchEvent, WatchParams};
use tokio::sync::oneshot;

use super::support::Workflows;
use super::writer::Phase;
use super::{Objects, name_of, revision_of, shown};

/// Events applied to what was empty.
#[derive(Debug)]
pub(crate) struct Replay {
    revision: u64,
    objects: Objects,
    pub(crate) events: usize,
}

/// What a list showed, and at which revision; whoever waits is told when the replay has come to the same.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    pub(crate) revision: u64,
    pub(crate) objects: Objects,
    pub(crate) reached: oneshot::Sender<()>,
}

impl Replay {
    /// Begins where a store begins that was never written to. A watch from 0 would begin with whatever is there.
    pub(crate) fn from_the_beginning() -> Self {
        Self { revision: 1, objects: Objects::default(), events: 0 }
    }

    /// Watches from the last revision that was seen until the server ends, which it must not do before `phase`
    /// says so, and not before the replay was at `checkpoint` and the same as there.
    pub(crate) async fn follow(mut self, api: Workflows, checkpoint: Checkpoint, phase: Arc<Phase>) -> Self {
        let stream = api.watch(&WatchParams::default(), &self.revision.to_string()).await.unwrap();
        let mut stream = std::pin::pin!(stream);
        let mut ahead = Some(checkpoint);
        loop {
            ahead = self.pass(ahead);
            match stream.try_next().await {
                Ok(Some(event)) => self.apply(event),
                Ok(None) => break,
                Err(error) => {
                    assert!(phase.is_over(), "the watch broke: {error:?}");
                    break;
                }
            }
        }
        assert!(phase.is_over(), "the watch ended at {}", self.revision);
        assert!(ahead.is_none(), "the watch stopped at {}, before {ahead:?}", self.revision);
        self
    }

    /// Compares with the list when its revision is reached; it cannot be jumped over without a gap.
    fn pass(&self, ahead: Option<Checkpoint>) -> Option<Checkpoint> {
        let ahead = ahead?;
        if self.revision < ahead.revision {
            return Some(ahead);
        }
        assert_eq!(self.revision, ahead.revision, "a gap in the watch");
        assert_eq!(self.objects, ahead.objects, "the events tell another story than the list");
        // The test may have failed meanwhile elsewhere.
        let _ = ahead.reached.send(());
        None
    }

    fn apply(&mut self, event: WatchEvent<DynamicObject>) {
        match event {
            WatchEvent::Added(object) => {
                assert!(self.put(object).is_none(), "added twice");
            }
            WatchEvent::Modified(object) => {
                assert!(self.put(object).is_some(), "modified before it was added");
            }
            WatchEvent::Deleted(object) => {
                let object = shown(object);
                self.advance(revision_of(&object));
                assert!(self.objects.remove(name_of(&object)).is_some(), "deleted, but was not there");
            }
            WatchEvent::Bookmark(bookmark) => {
                let revision = bookmark.metadata.resource_version.parse().unwrap();
                assert!(revision >= self.revision, "a bookmark of the past");
                self.revision = revision;
            }
            WatchEvent::Error(status) => panic!("the watch from {} failed: {status:?}", self.revision),
        }
    }

    fn put(&mut self, object: DynamicObject) -> Option<serde_json::Value> {
        let object = shown(object);
        self.advance(revision_of(&object));
        self.objects.insert(name_of(&object).to_owned(), object)
    }

    fn advance(&mut self, revision: u64) {
        assert!(revision > self.revision, "an event of {revision} after one of {}", self.revision);
        self.revision = revision;
        self.events += 1;
    }
}
