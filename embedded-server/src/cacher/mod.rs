//! The watch cache: the newest state of a resource and its recent changes, in memory, encoded once.
//!
//! A [`Cacher`] reads; its `Writer`, a task, alone writes, and learns only from `Backend::watch`, so that a write
//! of this process and one of another replica look the same. Knows no HTTP and no resource type.

mod converted;
mod history;
mod object;
mod pulse;
mod remembered;
mod state;
#[cfg(test)]
mod tests;
mod view;
mod watcher;
mod window;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::timeout;

pub use self::converted::Convert;
pub use self::object::{Describe, Filter, Object, Place, Selectable};
use self::state::Shared;
pub use self::view::{Page, View};
pub use self::watcher::{Delivery, WatchEvent, Watcher};
pub use self::window::Limits;
use crate::meta::{GetOptions, Revision, WatchFrom};
use crate::metrics::CacheFacts;
use crate::storage::{Backend, Prefix, StorageError};

/// How long a read waits for the cache to reach a revision.
const PATIENCE: Duration = Duration::from_secs(3);

/// The read half of the watch cache of one resource. Dropping it stops the write half.
#[derive(Debug)]
pub struct Cacher {
    shared: Arc<Shared>,
    backend: Arc<dyn Backend>,
    progress: watch::Receiver<Revision>,
    tasks: [AbortHandle; 2],
    limits: Limits,
}

/// Why a state cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The cache has not seen the revision in time.
    #[error("Too large resource version: {wanted}, current: {current}")]
    TooNew {
        /// The revision that was asked for.
        wanted: Revision,
        /// The revision the cache has seen.
        current: Revision,
    },
    /// The revision has left the window.
    #[error("too old resource version: {wanted} ({oldest})")]
    TooOld {
        /// The revision that was asked for.
        wanted: Revision,
        /// The oldest revision that is still known.
        oldest: Revision,
    },
    /// The store did not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Cacher {
    /// Starts to cache what is below `prefix`; returns when the state that is stored now is in memory.
    ///
    /// # Errors
    /// Those of the backend.
    pub async fn start(
        backend: Arc<dyn Backend>,
        prefix: Prefix,
        describe: Arc<dyn Describe>,
        limits: Limits,
    ) -> Result<Self, StorageError> {
        let (sender, progress) = watch::channel(Revision::ZERO);
        let shared = Arc::new(Shared::new(describe, sender));
        let mut writer = writer::Writer::new(Arc::clone(&shared), Arc::clone(&backend), prefix, limits);
        let changes = writer.load().await?;
        let writer = tokio::spawn(writer.run(changes)).abort_handle();
        let pulse = pulse::watch_over(Arc::clone(&backend), Arc::clone(&shared));
        let tasks = [writer, tokio::spawn(pulse).abort_handle()];
        Ok(Self { shared, backend, progress, tasks, limits })
    }

    /// Returns the state that a read with `options` is answered from.
    ///
    /// # Errors
    /// When the store does not answer, or the cache does not reach the revision within three seconds.
    pub async fn view(&self, options: GetOptions) -> Result<View, CacheError> {
        match options {
            GetOptions::Any => {}
            GetOptions::MostRecent => self.wait_until(self.backend.revision().await?).await?,
            GetOptions::NotOlderThan(revision) => self.wait_until(revision).await?,
        }
        Ok(self.shared.view())
    }

    /// Returns the state as it was at `revision`.
    ///
    /// # Errors
    /// When the revision is not there yet, or has left the window.
    pub async fn view_at(&self, revision: Revision) -> Result<View, CacheError> {
        self.wait_until(revision).await?;
        self.shared.view_at(revision)
    }

    /// Keeps a state at hand for who is going to ask for the next page of it.
    pub fn remember(&self, view: &View) {
        self.shared.remember(view);
    }

    /// Waits until the cache has seen everything up to `revision`.
    async fn wait_until(&self, revision: Revision) -> Result<(), CacheError> {
        if *self.progress.borrow() >= revision {
            return Ok(());
        }
        let mut progress = self.progress.clone();
        let reached = timeout(PATIENCE, progress.wait_for(|seen| *seen >= revision)).await;
        match reached {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => {
                Err(CacheError::TooNew { wanted: revision, current: *self.progress.borrow() })
            }
        }
    }

    /// Begins to follow the objects that `filter` lets through.
    ///
    /// # Errors
    /// As [`Cacher::view`]; [`CacheError::TooOld`] when what changed since the wanted revision is no longer
    /// known.
    pub async fn watch(&self, filter: Filter, from: WatchFrom) -> Result<Watcher, CacheError> {
        let initial = match from {
            WatchFrom::State(options) => Some(self.view(options).await?),
            WatchFrom::Now(options) => {
                self.view(options).await?;
                None
            }
            WatchFrom::After(_) => None,
        };
        let after = match (&initial, from) {
            (Some(view), _) => view.revision(),
            (None, WatchFrom::After(revision)) => revision,
            (None, _) => *self.progress.borrow(),
        };
        self.shared.check_known(after)?;
        Ok(Watcher::new(Arc::clone(&self.shared), self.progress.clone(), filter, initial, after))
    }

    /// Returns how objects of this resource are described to selectors.
    pub fn describe(&self) -> &Arc<dyn Describe> {
        self.shared.describe()
    }

    /// Returns how many objects there are, as far as the cache has seen.
    pub fn len(&self) -> usize {
        self.shared.len()
    }

    /// Tells whether there are no objects, as far as the cache has seen.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns what the cache knows of itself.
    pub fn facts(&self) -> CacheFacts {
        self.shared.facts(self.limits)
    }

    /// Tells whether the cache follows the store at this moment, and the store answered when it was last asked.
    pub fn is_following(&self) -> bool {
        self.shared.is_following()
    }
}

impl Drop for Cacher {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}
