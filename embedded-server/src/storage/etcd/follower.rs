//! A watch: from etcd as long as it is behind, then from what is in memory for all.

use std::sync::Arc;

use futures::stream::{self, BoxStream, StreamExt};
use tokio::sync::watch;

use super::fault::Fault;
use super::recent::Found;
use super::store::Store;
use super::story::Story;
use crate::storage::{Changes, Prefix, Result, Revision, StorageError};

/// A watch and where it stands.
struct Follower {
    store: Arc<Store>,
    news: watch::Receiver<()>,
    prefix: Prefix,
    after: Revision,
    era: u64,
    /// What etcd tells, as long as it is of use.
    behind: Option<Story>,
    over: bool,
}

/// Yields the changes below `prefix` after `after`.
///
/// # Errors
/// When they are no longer known.
pub(super) async fn follow(
    store: Arc<Store>,
    prefix: Prefix,
    after: Revision,
) -> Result<BoxStream<'static, Result<Changes>>> {
    let (era, news) = (store.recent.era(), store.recent.subscribe());
    let mut follower = Follower { store, news, prefix, after, era, behind: None, over: false };
    if matches!(follower.look(), Found::Forgotten) {
        follower.behind = Some(Story::after(&follower.store, after).await?);
    }
    Ok(stream::unfold(follower, Follower::next).boxed())
}

impl Follower {
    async fn next(mut self) -> Option<(Result<Changes>, Self)> {
        if self.over {
            return None;
        }
        let changes = self.read_on().await;
        match &changes {
            Ok(changes) => self.after = changes.up_to,
            Err(_) => self.over = true,
        }
        Some((changes, self))
    }

    async fn read_on(&mut self) -> Result<Changes> {
        loop {
            self.news.mark_unchanged();
            match self.look() {
                Found::News(changes) => {
                    self.behind = None;
                    return Ok(changes);
                }
                // The sender lives as long as `store` does.
                Found::Nothing => self.news.changed().await.unwrap_or_default(),
                Found::Forgotten => {
                    if let Some(changes) = self.catch_up().await? {
                        return Ok(changes);
                    }
                }
                Found::Lost { oldest } => return Err(StorageError::Compacted { oldest }),
                Found::Closed => return Err(Fault::Closed.into()),
            }
        }
    }

    /// Reads on from etcd; none when there is nothing new in what it told.
    async fn catch_up(&mut self) -> Result<Option<Changes>> {
        let story = match &mut self.behind {
            Some(story) => story,
            none => none.insert(Story::after(&self.store, self.after).await?),
        };
        let chapter = tokio::select! {
            chapter = story.next(&self.store) => chapter?,
            // Somebody closes the store, or the thread is lost.
            _ = self.news.changed() => return Ok(None),
        };
        let mut changes = chapter.changes;
        changes.events.retain(|event| self.prefix.contains(&event.key));
        Ok((changes.up_to > self.after).then_some(changes))
    }

    fn look(&self) -> Found {
        self.store.recent.look(&self.prefix, self.after, self.era)
    }
}
