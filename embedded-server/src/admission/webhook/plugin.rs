//! What mutating and validating webhooks have in common.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::hook::{Hook, Hooks};
use super::{CallWebhook, NamespaceLabels, matching};
use crate::admission::{Operation, Review, forbidden};
use crate::lookup::within;
use crate::meta::ApiError;
use crate::metrics::{AdmissionMetrics, Metrics, WebhookLabels};

/// How long a write waits for the webhooks to be known at all.
const UNTIL_KNOWN: Duration = Duration::from_secs(10);
/// How long a namespace may be looked up.
const UNTIL_LOOKED_UP: Duration = Duration::from_secs(10);

/// What webhooks stand on.
#[derive(Clone, Debug)]
pub struct Ground {
    /// Says by what namespaces are selected.
    pub namespaces: Arc<dyn NamespaceLabels>,
    /// Reaches webhooks.
    pub caller: Arc<dyn CallWebhook>,
    /// Counts them.
    pub metrics: Metrics,
}

/// The webhooks of one kind.
#[derive(Debug)]
pub(super) struct Plugin {
    /// None before it is known which there are.
    hooks: watch::Receiver<Option<Hooks>>,
    ground: Ground,
    /// What metrics call the kind.
    step: &'static str,
}

impl Plugin {
    pub(super) fn new(hooks: watch::Receiver<Option<Hooks>>, ground: Ground, step: &'static str) -> Self {
        Self { hooks, ground, step }
    }

    /// Tells whether it is known that there is no webhook.
    pub(super) fn is_idle(&self) -> bool {
        self.hooks.borrow().as_ref().is_some_and(|hooks| hooks.is_empty())
    }

    /// Returns the webhooks that there are, as soon as they are known; none for a write that is nobody's to judge.
    pub(super) async fn hooks(&self, review: Review<'_>) -> Result<Hooks, ApiError> {
        if self.is_idle() || matching::is_exempt(review.resource) {
            return Ok(Hooks::default());
        }
        let known = timeout(UNTIL_KNOWN, self.known()).await.ok().flatten();
        known.ok_or_else(|| forbidden(review, "not yet ready to handle request"))
    }

    async fn known(&self) -> Option<Hooks> {
        self.ground.namespaces.known().await;
        let mut hooks = self.hooks.clone();
        hooks.wait_for(Option::is_some).await.ok().and_then(|known| known.clone())
    }

    /// Returns the labels of the namespace that is written to.
    pub(super) async fn labels(&self, namespace: &str) -> Result<BTreeMap<String, String>, ApiError> {
        let labels = within(UNTIL_LOOKED_UP, self.ground.namespaces.labels(namespace)).await;
        labels.map_err(ApiError::internal)?.ok_or_else(|| ApiError::no_such_namespace(namespace))
    }

    pub(super) fn caller(&self) -> &dyn CallWebhook {
        &*self.ground.caller
    }

    pub(super) fn metrics(&self) -> &AdmissionMetrics {
        self.ground.metrics.admission()
    }

    /// Returns what a webhook is counted as.
    pub(super) fn labels_of<'h>(&self, hook: &'h Hook, operation: Operation) -> WebhookLabels<'h> {
        WebhookLabels { name: &hook.name, step: self.step, operation: operation.as_str() }
    }
}
