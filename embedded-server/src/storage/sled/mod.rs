//! A store in a directory, on the sled engine: for one server that keeps its own data.
//!
//! The history is kept, not the state: every change is one record under its revision, and every key points at
//! its last record (see [`record`] for the bytes). No value is written twice. Reads go to a revision that is
//! durable, so they neither see nor wait for what is being written (see [`horizon`]). One thread writes, in
//! groups that share one sync (see [`committer`], [`disk`]). The log is bounded by forgetting its oldest
//! changes: a forgotten change takes with it the value it replaced, and itself when it was a deletion. Values
//! that still stand stay, however old they are.
//!
//! What sled 0.34.7 does not do is done here: its flush is no barrier against a power cut, and it panics on
//! some damage, which is caught and reported. Its `mode` has no effect in this version.

mod committer;
mod disk;
mod fault;
mod horizon;
mod open;
mod plan;
mod reader;
mod record;
mod store;
#[cfg(test)]
mod tests;
mod watch;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use async_trait::async_trait;
use futures::stream::BoxStream;
use tokio::sync::{mpsc, oneshot};

use self::committer::{Commit, Committer, Request};
use self::disk::Barrier;
use self::horizon::{Ended, Horizon};
pub use self::open::OpenError;
use self::store::Store;
use super::{Backend, Changes, Key, KeyValue, Prefix, Result, Revision, Snapshot, StorageError, Write};

/// How many requests wait for the committer before senders wait too.
const QUEUE: usize = 1024;

/// How much a [`Sled`] keeps, in memory and on the disk.
#[derive(Clone, Debug)]
pub struct SledOptions {
    /// Bytes of the engine's page cache.
    pub cache_capacity: u64,
    /// The most changes that the log keeps.
    pub log_events: u64,
    /// The most bytes that the changes in the log have together.
    pub log_bytes: u64,
}

/// A [`Backend`] in a directory.
///
/// Dropping it waits for the writes that are queued and frees the directory; [`Backend::close`] does the same
/// without blocking the thread.
#[derive(Debug)]
pub struct Sled {
    store: Arc<Store>,
    /// None while being dropped.
    queue: Option<mpsc::Sender<Request>>,
    committer: Option<JoinHandle<()>>,
}

impl Default for SledOptions {
    fn default() -> Self {
        Self { cache_capacity: 32 << 20, log_events: 100_000, log_bytes: 64 << 20 }
    }
}

impl Sled {
    /// Opens the store in the directory `path`, creating both when missing. Blocks.
    ///
    /// # Errors
    /// Says what is wrong with the directory and what can be done about it.
    pub fn open(path: impl AsRef<Path>, options: SledOptions) -> std::result::Result<Self, OpenError> {
        Self::open_with(path.as_ref(), options, |barrier| barrier)
    }

    /// Tells whether there is a store in the directory `path`, without opening it.
    ///
    /// # Errors
    /// The operating system does not say.
    pub fn exists(path: impl AsRef<Path>) -> io::Result<bool> {
        open::is_initialized(path.as_ref())
    }

    /// Opens a store whose barrier is what `wrap` makes of the real one.
    fn open_with(
        path: &Path,
        options: SledOptions,
        wrap: impl FnOnce(Barrier) -> Barrier,
    ) -> std::result::Result<Self, OpenError> {
        let open::Opened { db, mut disk, begin, end } = open::open(path, &options)?;
        let store = Arc::new(Store::new(db.clone(), Horizon::new(end.revision, begin.revision)));
        let (queue, requests) = mpsc::channel(QUEUE);
        let barrier = wrap(Box::new(move || disk.sync()));
        let committer =
            Committer { store: Arc::clone(&store), db, barrier, queue: requests, options, end, begin };
        let committer = std::thread::Builder::new()
            .name("sled-committer".into())
            .spawn(move || committer.run())
            .map_err(|source| OpenError::Inaccessible { path: path.into(), source })?;
        Ok(Self { store, queue: Some(queue), committer: Some(committer) })
    }

    /// Hands a request to the committer.
    async fn request(&self, request: Request) -> Result<()> {
        let ended = || StorageError::Unavailable(Ended::Closed.into());
        self.store.horizon().check()?;
        self.queue.as_ref().ok_or_else(ended)?.send(request).await.map_err(|_| ended())
    }
}

#[async_trait]
impl Backend for Sled {
    async fn get(&self, key: &Key) -> Result<Option<KeyValue>> {
        let key = key.clone();
        let read =
            Store::read(&self.store, move |tree, horizon| Ok(reader::get(tree, &horizon.cut()?, &key)?));
        read.await
    }

    async fn list(&self, prefix: &Prefix) -> Result<Snapshot> {
        let prefix = prefix.clone();
        let read = Store::read(&self.store, move |tree, horizon| {
            let cut = horizon.cut()?;
            let items = reader::list(tree, &cut, &prefix)?;
            Ok(Snapshot { revision: Revision(cut.revision), oldest: Revision(cut.oldest), items })
        });
        read.await
    }

    async fn commit(&self, key: &Key, write: Write) -> Result<Revision> {
        let (answer, outcome) = oneshot::channel();
        self.request(Request::Commit(Commit { key: key.clone(), write, answer })).await?;
        outcome.await.unwrap_or_else(|gone| Err(StorageError::Unknown(gone.into())))
    }

    async fn watch(&self, prefix: &Prefix, after: Revision) -> Result<BoxStream<'static, Result<Changes>>> {
        self.store.horizon().cut_at(after.0)?;
        Ok(watch::follow(Arc::clone(&self.store), prefix.clone(), after.0))
    }

    async fn revision(&self) -> Result<Revision> {
        self.store.horizon().check().map(Revision)
    }

    async fn close(&self) {
        // A store that has ended takes no request but may still be about to free the directory.
        let _ = self.request(Request::Close).await;
        if let Some(queue) = &self.queue {
            queue.closed().await;
        }
    }
}

impl Drop for Sled {
    fn drop(&mut self) {
        // The committer ends when there is nobody left to ask it.
        self.queue.take();
        if let Some(committer) = self.committer.take() {
            // It catches its own panics; there is nothing to do about one that it did not.
            let _ = committer.join();
        }
    }
}
