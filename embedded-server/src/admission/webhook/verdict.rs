//! What becomes of a write when a webhook has had its say.
//!
//! Source: `apiserver/pkg/admission/plugin/webhook/{mutating,validating}/dispatcher.go`.

use tokio::time::Instant;

use super::CallError;
use super::call::Failure;
use super::hook::Hook;
use super::plugin::Plugin;
use crate::admission::Review;
use crate::meta::ApiError;

/// A webhook that is being asked.
#[derive(Debug)]
pub(super) struct Hearing<'h> {
    hook: &'h Hook,
    began: Instant,
    /// Where it is noted that the webhook failed and the write passed all the same.
    failed_open: String,
}

impl<'h> Hearing<'h> {
    pub(super) fn of(hook: &'h Hook, failed_open: String) -> Self {
        Self { hook, began: Instant::now(), failed_open }
    }

    /// Counts what came of it, and passes over a failure if the webhook may be done without.
    ///
    /// # Errors
    /// What the client is told.
    pub(super) fn end<T>(
        self,
        outcome: Result<T, Failure>,
        review: Review<'_>,
        plugin: &Plugin,
    ) -> Result<Option<T>, ApiError> {
        let (labels, metrics) = (plugin.labels_of(self.hook, review.operation), plugin.metrics());
        let asked = |code, rejected| metrics.asked(labels, code, rejected, self.began.elapsed());
        let name = &self.hook.name;
        match outcome {
            Ok(value) => {
                asked(200, false);
                Ok(Some(value))
            }
            Err(Failure::Calling(CallError { why, code })) if self.hook.dispensable => {
                tracing::warn!(webhook = name, why, "a webhook failed and is passed over");
                asked(code, false);
                metrics.failed_open(labels);
                review.annotations.add(self.failed_open, name.clone());
                Ok(None)
            }
            Err(Failure::Calling(CallError { why, code })) => {
                tracing::warn!(webhook = name, why, "a webhook failed");
                metrics.rejected(labels, "calling_webhook_error", code);
                asked(code, true);
                Err(ApiError::internal(format!("failed calling webhook {name:?}: {why}")))
            }
            Err(Failure::Denied(error)) => {
                metrics.rejected(labels, "no_error", error.code());
                asked(error.code(), true);
                Err(error)
            }
            Err(Failure::Internal(error)) => {
                metrics.rejected(labels, "apiserver_internal_error", 0);
                asked(0, true);
                Err(error)
            }
        }
    }
}
