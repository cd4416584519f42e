//! What the handle, the committer and the watches share: the open tree and its horizon.

use std::sync::Arc;

use ::sled::{Db, Tree};
use parking_lot::RwLock;

use super::fault::Fault;
use super::horizon::{Ended, Horizon};
use crate::storage::{Result, StorageError};

/// An open database.
#[derive(Debug)]
pub(super) struct Store {
    /// None once the store has ended. Readers hold the lock while they read; only the end takes it whole.
    db: RwLock<Option<Db>>,
    horizon: Horizon,
}

impl Store {
    pub(super) fn new(db: Db, horizon: Horizon) -> Self {
        Self { db: RwLock::new(Some(db)), horizon }
    }

    pub(super) fn horizon(&self) -> &Horizon {
        &self.horizon
    }

    /// Calls `work` on a thread that may block. Dropping the future does not stop the work.
    pub(super) async fn read<T: Send + 'static>(
        store: &Arc<Self>,
        work: impl FnOnce(&Tree, &Horizon) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let store = Arc::clone(store);
        let read = tokio::task::spawn_blocking(move || store.read_blocking(work));
        read.await.unwrap_or_else(|gone| Err(StorageError::Unavailable(gone.into())))
    }

    fn read_blocking<T>(&self, work: impl FnOnce(&Tree, &Horizon) -> Result<T>) -> Result<T> {
        self.horizon.check()?;
        let db = self.db.read();
        let tree = db.as_ref().ok_or_else(|| StorageError::Unavailable(Ended::Closed.into()))?;
        match Fault::catch(|| Ok(work(tree, &self.horizon))) {
            Ok(read) => read,
            Err(panic) => {
                self.horizon.end(Ended::Failed(panic.to_string().into()));
                Err(panic.into())
            }
        }
    }

    /// Ends the store: waits for its readers and gives the directory free.
    pub(super) fn end(&self, ended: Ended) {
        self.horizon.end(ended);
        self.db.write().take();
    }
}
