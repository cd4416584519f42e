//! What a rotation works on: three objects, the replicas, and a clock.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use crate::cluster::ClusterError;
use crate::proof::{Expectation, Seen};

/// An object that a rotation reads and writes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Part {
    /// The Secret with the serving certificate.
    Serving,
    /// The APIService, for its caBundle.
    Trust,
    /// The Secret with the authorities.
    Authorities,
}

/// A change of an object as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// The object.
    pub(crate) part: Part,
    /// Its resourceVersion; none where it did not exist.
    pub(crate) revision: Option<String>,
    /// What is merged into it; null takes an entry away.
    pub(crate) patch: Value,
}

/// An installed server, with all that its certificates are a matter of.
#[async_trait]
pub(crate) trait Installation: Send + Sync {
    /// Returns the namespace that the server lives in.
    fn namespace(&self) -> &str;

    /// Returns the time that kube-apiserver tells.
    async fn now(&self) -> Result<Timestamp, ClusterError>;

    /// Reads an object as it is at this moment; none where it does not exist.
    async fn get(&self, part: Part) -> Result<Option<Value>, ClusterError>;

    /// Makes a change, and only upon the state that it was decided on: with a conflict, or a missing object, nothing
    /// is written.
    async fn put(&self, change: &Change) -> Result<(), ClusterError>;

    /// Shakes hands with every replica.
    async fn handshakes(&self, expectation: &Expectation<'_>) -> Result<Vec<Seen>, ClusterError>;
}
