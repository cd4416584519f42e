//! A watch: replays the log from the disk in bounded chunks, and goes on with what becomes durable.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::stream::{self, BoxStream, StreamExt};
use tokio::sync::watch;

use super::horizon::Progress;
use super::reader::{self, ChunkLimit};
use super::store::Store;
use crate::storage::{Event, Prefix, Result, StorageError};

/// How much of the log a watch holds in memory.
const CHUNK: ChunkLimit = ChunkLimit { records: 512, bytes: 1 << 20 };

/// A watch: where it stands, and what it has read ahead.
struct Follower {
    store: Arc<Store>,
    progress: watch::Receiver<Progress>,
    prefix: Prefix,
    after: u64,
    ready: VecDeque<Event>,
    over: bool,
}

/// Yields the changes below `prefix` after `after`.
pub(super) fn follow(store: Arc<Store>, prefix: Prefix, after: u64) -> BoxStream<'static, Result<Event>> {
    let progress = store.horizon().subscribe();
    let follower = Follower { store, progress, prefix, after, ready: VecDeque::new(), over: false };
    stream::unfold(follower, Follower::next).boxed()
}

impl Follower {
    async fn next(mut self) -> Option<(Result<Event>, Self)> {
        while !self.over {
            if let Some(event) = self.ready.pop_front() {
                return Some((Ok(event), self));
            }
            if let Err(error) = self.read_ahead().await {
                self.over = true;
                return Some((Err(error), self));
            }
        }
        None
    }

    /// Waits for changes and reads a chunk of them.
    async fn read_ahead(&mut self) -> Result<()> {
        let upto = self.news().await?;
        let (prefix, after) = (self.prefix.clone(), self.after);
        let read = Store::read(&self.store, move |tree, horizon| {
            let cut = horizon.cut_at(after)?;
            Ok(reader::replay(tree, &cut, upto, &prefix, CHUNK)?)
        });
        let chunk = read.await?;
        self.after = chunk.last;
        self.ready = chunk.events.into();
        Ok(())
    }

    /// Waits until there are durable changes to read, and returns the last of them.
    async fn news(&mut self) -> Result<u64> {
        let after = self.after;
        let progress = self.progress.wait_for(|progress| progress.is_news_to(after)).await;
        progress.map_err(|closed| StorageError::Unavailable(closed.into()))?.check()
    }
}
