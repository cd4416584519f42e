//! Mutating webhooks: asked one after the other, each of what those before it have made of the object.
//!
//! They come last among those who change objects: nobody else's changes have them asked again.
//!
//! Source: `apiserver/pkg/admission/plugin/webhook/mutating/dispatcher.go`.

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::call::{Failure, ask};
use super::hook::{Hook, Hooks};
use super::matching::{Invocation, invocation};
use super::plugin::{Ground, Plugin};
use super::reinvocation::Reinvocation;
use super::subject::Subject;
use super::verdict::Hearing;
use crate::admission::{Mutate, Review};
use crate::codec::json_patch;
use crate::meta::ApiError;

/// Where it is noted which webhooks were asked.
const MUTATION: &str = "mutation.webhook.admission.k8s.io/";

/// Has the mutating webhooks of a cluster change what is written.
#[derive(Debug)]
pub struct MutatingWebhooks(Plugin);

impl MutatingWebhooks {
    /// Follows which webhooks there are; none is for not knowing.
    pub fn new(hooks: watch::Receiver<Option<Hooks>>, ground: Ground) -> Self {
        Self(Plugin::new(hooks, ground, "admit"))
    }

    /// Asks all webhooks, or a second time those that are due.
    async fn round<'h>(
        &self,
        number: usize,
        hooks: &'h [Hook],
        subject: &mut Subject<'h>,
        again: &mut Reinvocation<'h>,
    ) -> Result<(), ApiError> {
        for (index, hook) in hooks.iter().enumerate() {
            let Some(invocation) = invocation(hook, subject, &self.0).await? else { continue };
            if number > 0 && !again.is_due(hook) {
                continue;
            }
            let key = format!("{MUTATION}round_{number}_index_{index}");
            if self.invoke(invocation, subject, key).await? {
                again.changed();
            }
            again.asked(hook);
        }
        Ok(())
    }

    /// Asks a webhook, and tells whether it changed the object.
    async fn invoke(
        &self,
        invocation: Invocation<'_>,
        subject: &mut Subject<'_>,
        key: String,
    ) -> Result<bool, ApiError> {
        let (hook, review) = (invocation.hook, subject.review);
        let hearing = Hearing::of(hook, format!("failed-open.{key}"));
        let outcome = self.change(invocation, subject).await;
        let mutated = *outcome.as_ref().unwrap_or(&false);
        let told = json!({"configuration": hook.configuration, "webhook": hook.name, "mutated": mutated});
        review.annotations.add(key, told.to_string());
        Ok(hearing.end(outcome, review, &self.0)?.unwrap_or_default())
    }

    async fn change(&self, invocation: Invocation<'_>, subject: &mut Subject<'_>) -> Result<bool, Failure> {
        let answer = ask(invocation, subject, &self.0, true).await?;
        let Some(bytes) = answer.patch().map_err(Failure::unheard)? else { return Ok(false) };
        let patch = json_patch::read(&bytes).map_err(|error| {
            Failure::unheard(format!("received undecodable patch in webhook response: {error}"))
        })?;
        if patch.is_empty() {
            return Ok(false);
        }
        subject.patch(&invocation.hook.name, invocation.version, &patch).map_err(Failure::Internal)
    }
}

#[async_trait]
impl Mutate for MutatingWebhooks {
    fn is_idle(&self) -> bool {
        self.0.is_idle()
    }

    async fn mutate(&self, review: Review<'_>, object: Option<&mut Value>) -> Result<(), ApiError> {
        let hooks = self.0.hooks(review).await?;
        if hooks.is_empty() {
            return Ok(());
        }
        let mut subject = Subject::of(review, object.as_deref().cloned())?;
        let mut again = Reinvocation::default();
        self.round(0, &hooks, &mut subject, &mut again).await?;
        if !again.is_over() {
            self.round(1, &hooks, &mut subject, &mut again).await?;
        }
        if let (Some(object), Some(new)) = (object, subject.new) {
            *object = new;
        }
        Ok(())
    }
}
