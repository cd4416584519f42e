//! What can go wrong below the seam, and what each becomes above it.

use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::error::SqlState;

use crate::storage::StorageError;

/// A failure of the PostgreSQL backend's own. It can be told to many: they may have shared a question.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The server cannot be reached, refuses, or failed.
    #[error("PostgreSQL failed")]
    Database(#[source] Arc<tokio_postgres::Error>),
    /// The server does not answer.
    #[error("PostgreSQL did not answer within {} seconds", .0.as_secs())]
    Silent(Duration),
    /// The history is another one than before, as after a restored backup.
    #[error("PostgreSQL is at revision {found}, but was at {seen} before")]
    WentBack {
        /// The revision it was at.
        seen: i64,
        /// The revision it is at.
        found: i64,
    },
    /// The store was told to close.
    #[error("the store is closed")]
    Closed,
    /// What was read cannot be what was written.
    #[error("{0}")]
    Malformed(&'static str),
}

impl Fault {
    /// Tells whether the connection is lost, so that another one may do better.
    pub(super) fn is_of_the_connection(&self) -> bool {
        match self {
            Self::Database(error) => error.is_closed() || error.code().is_none_or(ends_connections),
            Self::Silent(_) => true,
            Self::WentBack { .. } | Self::Closed | Self::Malformed(_) => false,
        }
    }

    /// Returns what the server calls the failure, if it was the server that failed.
    pub(super) fn code(&self) -> Option<&SqlState> {
        match self {
            Self::Database(error) => error.code(),
            _ => None,
        }
    }
}

/// Classes 08 and 57P: the connection is broken, or the server goes down or comes up.
fn ends_connections(code: &SqlState) -> bool {
    code.code().starts_with("08") || code.code().starts_with("57P")
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(Arc::new(error))
    }
}

impl From<Fault> for StorageError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Malformed(_) => Self::Corrupt(fault.into()),
            _ => Self::Unavailable(fault.into()),
        }
    }
}

/// Writes an error and what caused it in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
