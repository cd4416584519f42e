//! What can go wrong below the seam, and what each becomes above it.

use std::any::Any;
use std::io;

use crate::storage::StorageError;

/// A failure of the sled backend's own.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The engine reported an error.
    #[error("sled failed")]
    Engine(#[from] ::sled::Error),
    /// The operating system could not bring the written data onto the disk.
    #[error("the data could not be synced to the disk")]
    Sync(#[source] io::Error),
    /// The engine panicked.
    #[error("sled panicked: {0}")]
    Panicked(String),
    /// What was read cannot be what was written.
    #[error("{what} is malformed")]
    Malformed {
        /// What was read.
        what: &'static str,
    },
    /// The log has a hole.
    #[error("the record of revision {revision} is missing")]
    Missing {
        /// The revision whose record is not there.
        revision: u64,
    },
}

impl Fault {
    /// Calls `work` and turns a panic of the engine into a fault.
    pub(super) fn catch<T>(work: impl FnOnce() -> Result<T, Self>) -> Result<T, Self> {
        // Unwind safety: whoever catches a fault of the engine here never uses the engine again.
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(work))
            .unwrap_or_else(|payload| Err(Self::Panicked(message(payload.as_ref()))))
    }
}

impl From<Fault> for StorageError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Engine(::sled::Error::Corruption { .. })
            | Fault::Malformed { .. }
            | Fault::Missing { .. }
            | Fault::Panicked(_) => Self::Corrupt(fault.into()),
            Fault::Engine(_) | Fault::Sync(_) => Self::Unavailable(fault.into()),
        }
    }
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message").to_owned()
}
