//! The write half of the watch cache: loads what is stored, then follows it.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::time::{Instant, sleep};

use super::history::Historian;
use super::object::Object;
use super::state::Shared;
use super::view::Objects;
use super::window::{Change, Limits, Window};
use crate::meta::Revision;
use crate::storage::{Backend, Changes, Prefix, Snapshot, StorageError};

/// How long to wait before the store is asked again: doubled after each failure, from the first to the last.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

type ChangeStream = BoxStream<'static, Result<Changes, StorageError>>;

#[derive(Debug)]
pub(super) struct Writer {
    shared: Arc<Shared>,
    backend: Arc<dyn Backend>,
    prefix: Prefix,
    limits: Limits,
    historian: Historian,
}

impl Writer {
    pub(super) fn new(
        shared: Arc<Shared>,
        backend: Arc<dyn Backend>,
        prefix: Prefix,
        limits: Limits,
    ) -> Self {
        let historian = Historian::new(prefix.clone());
        Self { shared, backend, prefix, limits, historian }
    }

    /// Brings the stored state and its recent past into memory and returns the changes that follow it.
    pub(super) async fn load(&mut self) -> Result<ChangeStream, StorageError> {
        let Snapshot { revision, oldest, items } = self.backend.list(&self.prefix).await?;
        let objects = self.historian.state(items)?;
        match self.load_with_past(objects.clone(), revision, self.since(revision, oldest)).await {
            Err(StorageError::Compacted { .. }) => self.load_with_past(objects, revision, revision).await,
            loaded => loaded,
        }
    }

    /// Loads the state at `revision` and the changes that led to it after `since`, which may be forgotten at any
    /// moment.
    async fn load_with_past(
        &mut self,
        mut objects: Objects,
        revision: Revision,
        since: Revision,
    ) -> Result<ChangeStream, StorageError> {
        let mut changes = self.backend.watch(&self.prefix, since).await?;
        let mut window = Window::starting_at(since);
        let mut reached = since;
        while reached < revision {
            let Some(batch) = changes.next().await else { return Err(closed()) };
            reached = self.take_over(&batch?, revision, &mut objects, &mut window)?;
        }
        self.historian.finish();
        self.shared.load(objects, window, reached.max(revision));
        Ok(changes)
    }

    /// The oldest revision worth loading changes from.
    fn since(&self, revision: Revision, oldest: Revision) -> Revision {
        let most = u64::try_from(self.limits.changes).unwrap_or(u64::MAX);
        oldest.max(Revision(revision.0.saturating_sub(most)))
    }

    /// Adds a batch to the window, and what it has beyond `known` to the state as well.
    fn take_over(
        &mut self,
        batch: &Changes,
        known: Revision,
        objects: &mut Objects,
        window: &mut Window,
    ) -> Result<Revision, StorageError> {
        for event in &batch.events {
            let change = if event.revision <= known {
                self.historian.past(event, objects)?
            } else {
                let change = self.historian.next(event, self.previous(event, objects))?;
                enact(&change, objects);
                change
            };
            window.push(Arc::new(change));
        }
        window.trim(self.limits, Instant::now());
        Ok(batch.up_to)
    }

    fn previous(&self, event: &crate::storage::Event, objects: &Objects) -> Option<Arc<Object>> {
        objects.get(&*self.historian.key(event.key.as_str())).map(Arc::clone)
    }

    /// Follows the store until the task is aborted.
    pub(super) async fn run(mut self, mut changes: ChangeStream) {
        let mut pause = PAUSES.0;
        loop {
            let error = self.follow(&mut changes).await;
            self.shared.stopped_following();
            tracing::warn!(error = %chain(&error), prefix = %self.prefix, "the watch cache lost the store");
            changes = loop {
                sleep(pause).await;
                pause = (pause * 2).min(PAUSES.1);
                match self.load().await {
                    Ok(changes) => break changes,
                    Err(error) => tracing::warn!(error = %chain(&error), "the watch cache cannot load"),
                }
            };
            tracing::info!(prefix = %self.prefix, "the watch cache follows the store again");
            pause = PAUSES.0;
        }
    }

    /// Applies changes until the stream ends, and returns why it did.
    async fn follow(&mut self, changes: &mut ChangeStream) -> StorageError {
        while let Some(batch) = changes.next().await {
            if let Err(error) = batch.and_then(|batch| self.apply(&batch)) {
                return error;
            }
        }
        closed()
    }

    fn apply(&self, batch: &Changes) -> Result<(), StorageError> {
        let made = self.changes(batch)?;
        self.shared.apply(made, batch.up_to, self.limits);
        Ok(())
    }

    /// Makes changes of a batch; within it an earlier one is what a later one changes.
    fn changes(&self, batch: &Changes) -> Result<Vec<Arc<Change>>, StorageError> {
        let state = self.shared.view();
        let mut made: Vec<Arc<Change>> = Vec::with_capacity(batch.events.len());
        for event in &batch.events {
            let key = self.historian.key(event.key.as_str());
            let earlier = made.iter().rev().find(|change| change.key() == Some(&*key));
            let previous = match earlier {
                Some(change) => change.object.clone(),
                None => state.get(&key).map(Arc::clone),
            };
            made.push(Arc::new(self.historian.next(event, previous)?));
        }
        Ok(made)
    }
}

impl Change {
    fn key(&self) -> Option<&str> {
        self.object.as_ref().or(self.previous.as_ref()).map(|object| object.key())
    }
}

fn enact(change: &Change, objects: &mut Objects) {
    match (&change.object, &change.previous) {
        (Some(object), _) => {
            objects.insert(Arc::clone(object.shared_key()), Arc::clone(object));
        }
        (None, Some(previous)) => {
            objects.remove(previous.key());
        }
        (None, None) => {}
    }
}

fn closed() -> StorageError {
    StorageError::Unavailable("the store ended its stream of changes".into())
}

/// Returns an error and what caused it in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
