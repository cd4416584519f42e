//! Where objects are kept: the contract every backend meets, and the backends.
//!
//! Values are opaque bytes here; the resourceVersion is written into them above, from the revision.

mod barrier;
pub mod conformance;
mod etcd;
mod key;
mod measured;
mod memory;
mod postgres;
mod sled;

use std::fmt::Debug;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

pub use self::barrier::Barrier;
pub use self::etcd::{Etcd, EtcdConfig, EtcdTls, EtcdUrlError, EtcdUser};
pub use self::key::{Address, Key, Prefix};
pub use self::measured::Measured;
pub use self::memory::Memory;
pub use self::postgres::{
    Postgres, PostgresConfig, PostgresError, PostgresOptions, PostgresUrlError, TlsFileError,
};
pub use self::sled::{OpenError, Sled, SledOptions};
pub use crate::meta::Revision;

/// A change to one key. There is no unconditional write: each names the state it assumes.
#[derive(Clone, Debug)]
pub enum Write {
    /// Stores a value where there is none.
    Create(Bytes),
    /// Replaces the value that was written at `expect`.
    Update {
        /// The revision of the value to replace.
        expect: Revision,
        /// The new value.
        value: Bytes,
    },
    /// Removes the value that was written at `expect`.
    Delete {
        /// The revision of the value to remove.
        expect: Revision,
    },
}

impl Write {
    /// Returns the value that it stores, if it stores one.
    fn value(&self) -> Option<&Bytes> {
        match self {
            Self::Create(value) | Self::Update { value, .. } => Some(value),
            Self::Delete { .. } => None,
        }
    }
}

/// A stored value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyValue {
    /// Where it is stored.
    pub key: Key,
    /// What is stored.
    pub value: Bytes,
    /// The revision of the write that stored it.
    pub revision: Revision,
}

/// A consistent cut through all keys below a prefix.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The revision of the store at the cut.
    pub revision: Revision,
    /// The oldest revision from which [`Backend::watch`] still yields every change.
    pub oldest: Revision,
    /// What is stored, in byte order of the keys.
    pub items: Vec<KeyValue>,
}

/// A committed change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Where it happened.
    pub key: Key,
    /// The revision the change made.
    pub revision: Revision,
    /// The value now stored; none when it was removed.
    pub value: Option<Bytes>,
    /// What stood there before; none when the value was created.
    pub previous: Option<(Bytes, Revision)>,
}

/// Changes in revision order, and how far they reach: every change below the watched prefix up to `up_to` has
/// been yielded once these have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The changes; none when only other keys changed.
    pub events: Vec<Event>,
    /// The revision up to which nothing is missing.
    pub up_to: Revision,
}

/// Keeps values under keys, with one history for the whole store.
///
/// Every implementation promises, and [`conformance`] checks:
///
/// 1. `commit` is atomic and durable when it returns, and assigns revisions that only grow, across restarts
///    too. A failed `commit` changed nothing, unless it fails with [`StorageError::Unknown`].
/// 2. `get` and `revision` are linearizable with `commit`, from any replica; what was not yet durable is never
///    seen.
/// 3. `list` is one consistent cut.
/// 4. `watch` yields every change after `after`, in revision order, without gaps, or fails with
///    [`StorageError::Compacted`]. It reports progress whenever the store changes, below the prefix or not, and
///    ends only with an error, when the store closes or when dropped.
/// 5. Dropping a future that one of these returned never corrupts the store; a dropped `commit` may or may
///    not have happened.
/// 6. Revisions begin at [`Revision::FIRST`]: a store that was never written to is there, can be watched from
///    there, and its first `commit` gets a later one. Clients take the version of a list, be it empty, to watch
///    from, and zero would tell them "any state".
#[async_trait]
pub trait Backend: Debug + Send + Sync + 'static {
    /// Returns the value under `key`, or none.
    async fn get(&self, key: &Key) -> Result<Option<KeyValue>>;

    /// Returns everything below `prefix`.
    async fn list(&self, prefix: &Prefix) -> Result<Snapshot>;

    /// Makes one change and returns its revision.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] when the key is not in the state that `write` assumes;
    /// [`StorageError::TooLarge`] for a value that the store does not take, which has to be of more than 3 MiB;
    /// a store on a server of its own may have to be allowed as much there.
    async fn commit(&self, key: &Key, write: Write) -> Result<Revision>;

    /// Yields the changes below `prefix` that came after revision `after`.
    ///
    /// # Errors
    /// [`StorageError::Compacted`], at once or as the stream's last item, when changes after `after` are no
    /// longer known.
    async fn watch(&self, prefix: &Prefix, after: Revision) -> Result<BoxStream<'static, Result<Changes>>>;

    /// Returns the revision of the last change to the store, whatever its key; [`Revision::FIRST`] before there is
    /// one.
    async fn revision(&self) -> Result<Revision>;

    /// Waits for what is under way and releases what the store holds; later calls fail with
    /// [`StorageError::Unavailable`].
    async fn close(&self);
}

/// The result of a call to a [`Backend`].
pub type Result<T> = std::result::Result<T, StorageError>;

/// Why a [`Backend`] could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The key is not in the state the write assumes; nothing was written.
    #[error("the stored value is not the expected one")]
    Conflict {
        /// What is stored instead; none when nothing is.
        current: Option<KeyValue>,
    },
    /// The store takes no values of this size; nothing was written.
    #[error("the value is too large for the store")]
    TooLarge,
    /// Changes after the wanted revision are no longer known.
    #[error("changes before revision {oldest} are no longer known")]
    Compacted {
        /// The oldest revision from which changes are known.
        oldest: Revision,
    },
    /// The store cannot be reached or is closed; nothing was written.
    #[error("the store is unavailable")]
    Unavailable(#[source] BoxError),
    /// The connection broke during a commit, and what became of it could not be found out in time: it may or may not
    /// have happened, and must not be taken for failed.
    #[error("the outcome of the write is unknown")]
    Unknown(#[source] BoxError),
    /// What is stored does not make sense.
    #[error("the store is damaged")]
    Corrupt(#[source] BoxError),
}

/// An error of a backend's own, for logs.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
