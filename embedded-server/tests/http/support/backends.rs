//! Stores that misbehave.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use embedded_server::storage::{
    Backend, Changes, Key, KeyValue, Memory, Prefix, Result, Revision, Snapshot, StorageError, Write,
};
use futures::stream::BoxStream;
use parking_lot::Mutex;

/// Says of a number of creates that their key is taken.
#[derive(Debug)]
pub(crate) struct RefuseCreates {
    store: Memory,
    left: AtomicUsize,
}

impl RefuseCreates {
    pub(crate) fn times(times: usize) -> Self {
        Self { store: Memory::new(), left: AtomicUsize::new(times) }
    }

    /// Returns how many creates would still be refused.
    pub(crate) fn left(&self) -> usize {
        self.left.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Backend for RefuseCreates {
    async fn get(&self, key: &Key) -> Result<Option<KeyValue>> {
        self.store.get(key).await
    }

    async fn list(&self, prefix: &Prefix) -> Result<Snapshot> {
        self.store.list(prefix).await
    }

    async fn commit(&self, key: &Key, write: Write) -> Result<Revision> {
        let refuse = |left: usize| left.checked_sub(1);
        if matches!(write, Write::Create(_))
            && self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, refuse).is_ok()
        {
            return Err(StorageError::Conflict { current: None });
        }
        self.store.commit(key, write).await
    }

    async fn watch(&self, prefix: &Prefix, after: Revision) -> Result<BoxStream<'static, Result<Changes>>> {
        self.store.watch(prefix, after).await
    }

    async fn revision(&self) -> Result<Revision> {
        self.store.revision().await
    }

    async fn close(&self) {
        self.store.close().await;
    }
}

/// How a store behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    /// As it has promised.
    #[default]
    Well,
    /// It answers no commit, and does not say where it stands.
    Hangs,
    /// It cannot be reached.
    Gone,
    /// It loses the connection at every commit, and cannot say whether that happened.
    Unsure,
    /// It takes no values of more bytes than these.
    Picky(usize),
    /// Somebody else is always a second faster.
    Raced,
    /// Somebody deletes what the next commit is about, just before it.
    Deleted,
    /// Somebody deletes what the next commit is about and creates it anew, just before it.
    Recreated,
}

/// A store in memory with moods.
#[derive(Debug, Default)]
pub(crate) struct Moody {
    store: Memory,
    mood: Mutex<Mood>,
}

impl Moody {
    /// Changes how the store behaves from now on.
    pub(crate) fn feels(&self, mood: Mood) {
        *self.mood.lock() = mood;
    }

    fn mood(&self) -> Mood {
        *self.mood.lock()
    }

    async fn check(&self) -> Result<()> {
        match self.mood() {
            Mood::Hangs => std::future::pending().await,
            Mood::Gone => Err(StorageError::Unavailable("gone".into())),
            _ => Ok(()),
        }
    }

    /// Writes what is there once more.
    async fn overtake(&self, key: &Key) -> Result<()> {
        if let Some(there) = self.store.get(key).await? {
            let again = Write::Update { expect: there.revision, value: there.value };
            self.store.commit(key, again).await?;
        }
        Ok(())
    }

    /// Deletes what is there, and may create it anew with an identity of zeros.
    async fn meddle(&self, key: &Key, recreate: bool) -> Result<()> {
        self.feels(Mood::Well);
        let Some(there) = self.store.get(key).await? else { return Ok(()) };
        self.store.commit(key, Write::Delete { expect: there.revision }).await?;
        if recreate {
            self.store.commit(key, Write::Create(with_other_uid(&there.value))).await?;
        }
        Ok(())
    }
}

/// The identity of what was created anew.
pub(crate) const OTHER_UID: &str = "00000000-0000-0000-0000-000000000000";

fn with_other_uid(value: &[u8]) -> Bytes {
    let text = String::from_utf8(value.to_vec()).unwrap();
    let start = text.find("\"uid\":\"").unwrap() + 7;
    let mut text = text;
    text.replace_range(start..start + OTHER_UID.len(), OTHER_UID);
    text.into()
}

#[async_trait]
impl Backend for Moody {
    async fn get(&self, key: &Key) -> Result<Option<KeyValue>> {
        self.check().await?;
        self.store.get(key).await
    }

    async fn list(&self, prefix: &Prefix) -> Result<Snapshot> {
        self.store.list(prefix).await
    }

    async fn commit(&self, key: &Key, write: Write) -> Result<Revision> {
        self.check().await?;
        match (self.mood(), &write) {
            (Mood::Picky(most), Write::Create(value) | Write::Update { value, .. }) if value.len() > most => {
                return Err(StorageError::TooLarge);
            }
            (Mood::Unsure, _) => return Err(StorageError::Unknown("connection lost".into())),
            (Mood::Raced, _) => {
                tokio::time::sleep(Duration::from_secs(1)).await;
                self.overtake(key).await?;
            }
            (Mood::Deleted, _) => self.meddle(key, false).await?,
            (Mood::Recreated, _) => self.meddle(key, true).await?,
            _ => {}
        }
        self.store.commit(key, write).await
    }

    async fn watch(&self, prefix: &Prefix, after: Revision) -> Result<BoxStream<'static, Result<Changes>>> {
        self.store.watch(prefix, after).await
    }

    async fn revision(&self) -> Result<Revision> {
        self.check().await?;
        self.store.revision().await
    }

    async fn close(&self) {
        self.store.close().await;
    }
}
