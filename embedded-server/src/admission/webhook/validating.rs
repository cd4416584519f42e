//! Validating webhooks: all asked at once, of what is about to be stored.
//!
//! Source: `apiserver/pkg/admission/plugin/webhook/validating/dispatcher.go`.

use async_trait::async_trait;
use futures::future::join_all;
use tokio::sync::watch;

use super::call::ask;
use super::hook::Hooks;
use super::matching::{Invocation, invocation};
use super::plugin::{Ground, Plugin};
use super::subject::Subject;
use super::verdict::Hearing;
use crate::admission::{Review, Validate};
use crate::meta::ApiError;

/// Where it is noted that a webhook failed and the write passed all the same.
const FAILED_OPEN: &str = "failed-open.validating.webhook.admission.k8s.io/";

/// Has the validating webhooks of a cluster judge what is written.
#[derive(Debug)]
pub struct ValidatingWebhooks(Plugin);

impl ValidatingWebhooks {
    /// Follows which webhooks there are; none is for not knowing.
    pub fn new(hooks: watch::Receiver<Option<Hooks>>, ground: Ground) -> Self {
        Self(Plugin::new(hooks, ground, "validating"))
    }

    async fn hear(
        &self,
        index: usize,
        invocation: Invocation<'_>,
        subject: &Subject<'_>,
    ) -> Result<(), ApiError> {
        let hearing = Hearing::of(invocation.hook, format!("{FAILED_OPEN}round_0_index_{index}"));
        let outcome = ask(invocation, subject, &self.0, false).await;
        hearing.end(outcome, subject.review, &self.0).map(drop)
    }
}

#[async_trait]
impl Validate for ValidatingWebhooks {
    async fn validate(&self, review: Review<'_>) -> Result<(), ApiError> {
        let hooks = self.0.hooks(review).await?;
        if hooks.is_empty() {
            return Ok(());
        }
        let subject = Subject::of(review, review.objects.object()?)?;
        let mut relevant = Vec::new();
        for hook in hooks.iter() {
            relevant.extend(invocation(hook, &subject, &self.0).await?);
        }
        let asked = relevant.into_iter().enumerate().map(|(index, one)| self.hear(index, one, &subject));
        join_all(asked).await.into_iter().collect()
    }
}
