//! The admission webhooks of a cluster: who is asked about a write, what he is asked, and what becomes of his answer.
//!
//! Knows neither where configurations come from nor how a webhook is reached: both are handed in. A write costs
//! nothing more as long as no webhook is configured.
//!
//! Source: `apiserver/pkg/admission/plugin/webhook`, `apiserver/pkg/admission/configuration`.

mod answer;
mod call;
mod conditions;
mod hook;
mod matching;
mod mutating;
mod plugin;
mod question;
mod reinvocation;
mod subject;
#[cfg(test)]
mod tests;
mod validating;
mod verdict;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

pub use self::hook::{Hook, Hooks, Target};
pub use self::mutating::MutatingWebhooks;
pub use self::plugin::Ground;
pub use self::validating::ValidatingWebhooks;
use crate::lookup::Failed;

/// The labels of namespaces, by which webhooks select.
#[async_trait]
pub trait NamespaceLabels: Debug + Send + Sync + 'static {
    /// Waits until it was heard of all namespaces that there are.
    async fn known(&self);

    /// Returns the labels of a namespace; one that was not heard of is asked for. None when there is none.
    ///
    /// # Errors
    /// When nobody can be asked.
    async fn labels(&self, name: &str) -> Result<Option<BTreeMap<String, String>>, Failed>;
}

/// Reaches webhooks.
#[async_trait]
pub trait CallWebhook: Debug + Send + Sync + 'static {
    /// Sends a review, which is JSON, and returns the body of the answer. The webhook is told how long is waited for
    /// it; who waits is the caller.
    ///
    /// # Errors
    /// When there is no answer, or one that does not say that the review was taken.
    async fn call(&self, target: &Target, review: Bytes, patience: Duration) -> Result<Bytes, CallError>;
}

/// A webhook that was not reached, or refused to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    /// What is to be told of it.
    pub why: String,
    /// The code of HTTP that the failure is counted as.
    pub code: u16,
}
