//! What can go wrong between here and etcd, and what is certain then.

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tonic::{Code, ConnectError, Status};

use crate::storage::{Revision, StorageError};

/// A failure of the etcd backend's own.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// No server was reached, so none was asked.
    #[error("etcd cannot be reached")]
    Unreachable(#[source] Box<Status>),
    /// A server was asked, and did nothing.
    #[error("etcd refuses: {}", .0.message())]
    Refused(#[source] Box<Status>),
    /// Who is asking is not known, or no longer.
    #[error("etcd does not accept the user: {}", .0.message())]
    Unauthenticated(#[source] Box<Status>),
    /// A server was asked; what came of it is not known.
    #[error("etcd did not answer")]
    Unsettled(#[source] Box<Status>),
    /// A server may have been asked, and did not answer in time.
    #[error("etcd did not answer within {0:?}")]
    Late(Duration),
    /// The request is larger than the server takes.
    #[error("etcd takes no request of this size; --max-request-bytes sets how much it takes")]
    TooLarge,
    /// What was asked for is compacted.
    #[error("the revision is compacted")]
    Compacted,
    /// The server has found its data damaged.
    #[error("etcd says that its data are damaged")]
    Damaged(#[source] Box<Status>),
    /// What came cannot be what was sent.
    #[error("etcd's answer has no {missing}")]
    Malformed {
        /// What should be there.
        missing: &'static str,
    },
    /// A server ended a watch.
    #[error("etcd ended the watch: {0}")]
    Ended(String),
    /// Another version of this software keeps its data in another way.
    #[error("what is stored has a format that this version does not know; use the version that wrote it")]
    Format,
    /// A file with a certificate or key cannot be used.
    #[error("cannot use {}", path.display())]
    File {
        /// Where it is.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The settings do not make a connection.
    #[error("cannot connect with these settings")]
    Settings(#[source] tonic::transport::Error),
    /// The store is closed.
    #[error("the store is closed")]
    Closed,
}

impl Fault {
    /// Tells whether the request may have been carried out all the same.
    pub(super) fn leaves_open_what_happened(&self) -> bool {
        matches!(self, Self::Unsettled(_) | Self::Late(_) | Self::Malformed { .. })
    }

    /// Tells whether another server may do better.
    pub(super) fn is_of_the_way(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Unsettled(_) | Self::Late(_) | Self::Ended(_))
    }
}

impl From<Status> for Fault {
    /// Judges by code and, where a code means two things, by etcd's own words.
    ///
    /// Source: etcd `api/v3rpc/rpctypes/error.go`.
    fn from(status: Status) -> Self {
        let (never_sent, says) = (is_connect_error(&status), |words| status.message().contains(words));
        match status.code() {
            _ if never_sent => Self::Unreachable(status.into()),
            Code::OutOfRange if says("compacted") => Self::Compacted,
            Code::InvalidArgument if says("request is too large") => Self::TooLarge,
            Code::ResourceExhausted if says("larger than max") => Self::TooLarge,
            Code::InvalidArgument if says("auth store is old") || says("user name is empty") => {
                Self::Unauthenticated(status.into())
            }
            Code::Unauthenticated => Self::Unauthenticated(status.into()),
            Code::InvalidArgument
            | Code::OutOfRange
            | Code::ResourceExhausted
            | Code::PermissionDenied
            | Code::FailedPrecondition
            | Code::NotFound
            | Code::Unimplemented => Self::Refused(status.into()),
            Code::DataLoss => Self::Damaged(status.into()),
            _ => Self::Unsettled(status.into()),
        }
    }
}

impl From<Fault> for StorageError {
    /// For requests that change nothing.
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::TooLarge => Self::TooLarge,
            Fault::Compacted => Self::Compacted { oldest: Revision::ZERO },
            Fault::Damaged(_) | Fault::Malformed { .. } | Fault::Format => Self::Corrupt(fault.into()),
            _ => Self::Unavailable(fault.into()),
        }
    }
}

fn is_connect_error(status: &Status) -> bool {
    let first = status.source();
    std::iter::successors(first, |error| (*error).source()).any(|error| error.is::<ConnectError>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(code: Code, message: &str) -> Fault {
        Status::new(code, message).into()
    }

    #[test]
    fn what_etcd_refuses_did_not_happen() {
        let refused = [
            (Code::ResourceExhausted, "etcdserver: mvcc: database space exceeded"),
            (Code::ResourceExhausted, "etcdserver: too many requests"),
            (Code::PermissionDenied, "etcdserver: permission denied"),
            (Code::Unauthenticated, "etcdserver: invalid auth token"),
            (Code::InvalidArgument, "etcdserver: request is too large"),
        ];
        for (code, message) in refused {
            assert!(!fault(code, message).leaves_open_what_happened(), "{message}");
        }
    }

    #[test]
    fn what_etcd_does_not_answer_may_have_happened() {
        let open = [
            (Code::Unavailable, "etcdserver: request timed out"),
            (Code::Unavailable, "etcdserver: leader changed"),
            (Code::Unknown, "transport error"),
            (Code::Cancelled, "operation was canceled"),
        ];
        for (code, message) in open {
            assert!(fault(code, message).leaves_open_what_happened(), "{message}");
        }
    }

    #[test]
    fn what_is_too_large_for_etcd_is_told_in_two_ways() {
        let both = [
            (Code::InvalidArgument, "etcdserver: request is too large"),
            (Code::ResourceExhausted, "grpc: received message larger than max (3145837 vs. 2097152)"),
        ];
        for (code, message) in both {
            assert!(matches!(StorageError::from(fault(code, message)), StorageError::TooLarge), "{message}");
        }
    }
}
