//! The one who listens to etcd, for all who follow the store in this process, and begins again when the line is cut.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::head::to_etcd;
use super::store::Store;
use super::story::Story;
use crate::storage::{Result, StorageError};

/// How long to wait before etcd is asked again: doubled after each failure, from the first to the last.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// Listens until the task is aborted.
pub(super) async fn run(store: Arc<Store>) {
    let mut pause = PAUSES.0;
    loop {
        let before = store.recent.up_to();
        let Err(error) = listen(&store).await;
        if pause == PAUSES.0 {
            tracing::warn!(%error, cause = cause(&error), "the changes in etcd are not followed");
        }
        store.client.leave();
        sleep(pause).await;
        let moved = store.recent.up_to() > before;
        pause = if moved { PAUSES.0 } else { (pause * 2).min(PAUSES.1) };
    }
}

/// Takes over what etcd tells until it tells no more.
async fn listen(store: &Store) -> Result<Infallible> {
    let mut story = begin(store).await?;
    loop {
        let chapter = story.next(store).await?;
        for (id, revision) in &chapter.writes {
            store.receipts.seen(id, *revision);
        }
        store.recent.add(chapter.changes);
    }
}

/// Goes on where it ended, or from now on where what happened since is not known.
async fn begin(store: &Store) -> Result<Story> {
    let head = store.head().await?;
    let known = store.recent.up_to();
    if head.seen_at >= to_etcd(known) {
        match Story::after(store, known).await {
            Err(StorageError::Compacted { .. }) => {}
            begun => return begun,
        }
    }
    tracing::warn!(from = %known, to = %head.revision(), "changes in etcd were lost to compaction or a restore");
    let story = Story::after(store, head.revision()).await?;
    store.recent.start_anew(head.revision());
    Ok(story)
}

fn cause(error: &StorageError) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
