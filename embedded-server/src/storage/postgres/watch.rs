//! A watch: takes what the feed keeps, and reads for itself where it is further behind.

use std::sync::Arc;

use futures::stream::{self, BoxStream, StreamExt};
use tokio::sync::watch;

use super::fault::Fault;
use super::feed::{CHUNK, Feed, Progress};
use super::lane::Lane;
use super::reader::{self, number_of, revision_of};
use crate::storage::{BoxError, Changes, Prefix, Result, StorageError};

/// A watch and where it stands.
pub(super) struct Follower {
    feed: Arc<Feed>,
    lane: Arc<Lane>,
    progress: watch::Receiver<Progress>,
    prefix: Prefix,
    after: i64,
    epoch: u64,
    over: bool,
}

impl Follower {
    /// Begins to follow after `after`.
    ///
    /// # Errors
    /// [`StorageError::Compacted`] when changes after `after` are forgotten.
    pub(super) async fn begin(
        feed: Arc<Feed>,
        lane: Arc<Lane>,
        prefix: Prefix,
        after: i64,
    ) -> Result<BoxStream<'static, Result<Changes>>> {
        let Progress { revision, epoch, .. } = feed.check()?;
        if after < revision {
            check_known(&lane, after).await?;
        }
        let progress = feed.subscribe();
        let follower = Self { feed, lane, progress, prefix, after, epoch, over: false };
        Ok(stream::unfold(follower, Self::next).boxed())
    }

    async fn next(mut self) -> Option<(Result<Changes>, Self)> {
        if self.over {
            return None;
        }
        let changes = self.read_on().await;
        self.over = changes.is_err();
        Some((changes, self))
    }

    /// Waits for changes and takes over some of them.
    async fn read_on(&mut self) -> Result<Changes> {
        let (after, epoch) = (self.after, self.epoch);
        let progress = self.progress.wait_for(|progress| progress.is_news_to(after, epoch)).await;
        let progress = progress.map_err(|gone| StorageError::Unavailable(gone.into()))?.check()?;
        if progress.epoch != epoch {
            return Err(StorageError::Unavailable(exchanged()));
        }
        let changes = match self.feed.after(after, &self.prefix) {
            Some(changes) => changes,
            None => self.catch_up(progress.revision).await?,
        };
        if self.progress.borrow().epoch != epoch {
            return Err(StorageError::Unavailable(exchanged()));
        }
        self.after = number_of(changes.up_to);
        Ok(changes)
    }

    /// Reads changes from the store, which was seen at the revision `seen`.
    async fn catch_up(&self, seen: i64) -> Result<Changes> {
        let after = self.after;
        let read = self.lane.ask(|session| async move { reader::changes(&session, after, CHUNK).await });
        let chunk = read.await?;
        if chunk.compacted > after {
            return Err(StorageError::Compacted { oldest: revision_of(chunk.compacted) });
        }
        let last = chunk.events.last().ok_or(Fault::WentBack { seen, found: chunk.head })?;
        let up_to = last.revision;
        let mut events = chunk.events;
        events.retain(|event| self.prefix.contains(&event.key));
        Ok(Changes { events, up_to })
    }
}

async fn check_known(lane: &Lane, after: i64) -> Result<()> {
    let compacted = lane.ask(|session| async move { reader::compacted(&session).await }).await?;
    if after < compacted {
        return Err(StorageError::Compacted { oldest: revision_of(compacted) });
    }
    Ok(())
}

fn exchanged() -> BoxError {
    "the history in PostgreSQL is another one than before".into()
}
