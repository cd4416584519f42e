//! A watch: replays the log from the disk in bounded chunks, and goes on with what becomes durable.

use std::sync::Arc;

use futures::stream::{self, BoxStream, StreamExt};
use tokio::sync::watch;

use super::horizon::Progress;
use super::reader::{self, ChunkLimit};
use super::store::Store;
use crate::storage::{Changes, Prefix, Result, Revision, StorageError};

/// How much of the log a watch holds in memory.
const CHUNK: ChunkLimit = ChunkLimit { records: 512, bytes: 1 << 20 };

/// A watch and where it stands.
struct Follower {
    store: Arc<Store>,
    progress: watch::Receiver<Progress>,
    prefix: Prefix,
    after: u64,
    over: bool,
}

/// Yields the changes below `prefix` after `after`.
pub(super) fn follow(store: Arc<Store>, prefix: Prefix, after: u64) -> BoxStream<'static, Result<Changes>> {
    let progress = store.horizon().subscribe();
    let follower = Follower { store, progress, prefix, after, over: false };
    stream::unfold(follower, Follower::next).boxed()
}

impl Follower {
    async fn next(mut self) -> Option<(Result<Changes>, Self)> {
        if self.over {
            return None;
        }
        let changes = self.read_on().await;
        self.over = changes.is_err();
        Some((changes, self))
    }

    /// Waits for changes and reads a chunk of them.
    async fn read_on(&mut self) -> Result<Changes> {
        let upto = self.news().await?;
        let (prefix, after) = (self.prefix.clone(), self.after);
        let read = Store::read(&self.store, move |tree, horizon| {
            let cut = horizon.cut_at(after)?;
            Ok(reader::replay(tree, &cut, upto, &prefix, CHUNK)?)
        });
        let chunk = read.await?;
        self.after = chunk.last;
        Ok(Changes { events: chunk.events, up_to: Revision(chunk.last) })
    }

    /// Waits until there are durable changes to read, and returns the last of them.
    async fn news(&mut self) -> Result<u64> {
        let after = self.after;
        let progress = self.progress.wait_for(|progress| progress.is_news_to(after)).await;
        progress.map_err(|closed| StorageError::Unavailable(closed.into()))?.check()
    }
}
