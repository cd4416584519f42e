//! Asking one webhook.
//!
//! Source: `apiserver/pkg/admission/plugin/webhook/{mutating,validating}/dispatcher.go`.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::timeout;
use uuid::Uuid;

use super::answer::{Answer, Expected};
use super::hook::Target;
use super::matching::Invocation;
use super::plugin::Plugin;
use super::subject::Subject;
use super::{CallError, question};
use crate::meta::ApiError;

/// Why a webhook did not let a write pass.
#[derive(Debug)]
pub(super) enum Failure {
    /// It could not be asked, or did not answer the question; what comes of that is for its policy to say.
    Calling(CallError),
    /// It said no.
    Denied(ApiError),
    /// It was not asked, or its answer not followed, for reasons that no policy overrules.
    Internal(ApiError),
}

impl Failure {
    fn unasked(code: u16, why: impl Into<String>) -> Self {
        Self::Calling(CallError { why: why.into(), code })
    }

    /// Returns the failure of a webhook that answered something else than it was asked for.
    pub(super) fn unheard(why: impl Into<String>) -> Self {
        Self::Calling(CallError { why: why.into(), code: 503 })
    }
}

/// Asks a webhook, hands on what it has to say besides, and returns its answer if that is yes.
pub(super) async fn ask(
    invocation: Invocation<'_>,
    subject: &Subject<'_>,
    plugin: &Plugin,
    mutating: bool,
) -> Result<Answer, Failure> {
    let hook = invocation.hook;
    if subject.review.dry_run && !hook.harmless {
        let why = format!("admission webhook {:?} does not support dry run", hook.name);
        return Err(Failure::Internal(ApiError::bad_request(why)));
    }
    let version = hook.version.ok_or_else(|| {
        let why = "webhook does not accept known AdmissionReview versions (v1, v1beta1)";
        Failure::unasked(400, format!("could not create admission objects: {why}"))
    })?;
    let target = hook.target.as_ref();
    let target = target.map_err(|why| Failure::unasked(500, format!("could not get REST client: {why}")))?;
    let uid = Uuid::new_v4().to_string();
    let objects = subject.in_version(invocation.version).map_err(Failure::Internal)?;
    let review = question::review(version, invocation, subject, objects, &uid).to_string();
    let body = called(plugin, target, review.into(), hook.patience).await.map_err(Failure::Calling)?;
    let answer = Answer::read(&body, Expected { version, uid: &uid, mutating });
    let answer =
        answer.map_err(|why| Failure::unheard(format!("received invalid webhook response: {why}")))?;
    heard(answer, invocation, subject)
}

async fn called(
    plugin: &Plugin,
    target: &Target,
    review: Bytes,
    patience: Duration,
) -> Result<Bytes, CallError> {
    let late = |_| {
        let why = format!("Post \"{}\": context deadline exceeded", target.address(patience));
        Err(CallError { why, code: 503 })
    };
    let called = timeout(patience, plugin.caller().call(target, review, patience)).await;
    let called = called.unwrap_or_else(late);
    called
        .map_err(|CallError { why, code }| CallError { why: format!("failed to call webhook: {why}"), code })
}

fn heard(mut answer: Answer, invocation: Invocation<'_>, subject: &Subject<'_>) -> Result<Answer, Failure> {
    let (name, review) = (&invocation.hook.name, subject.review);
    for (key, value) in answer.take_annotations() {
        review.annotations.add(format!("{name}/{key}"), value);
    }
    review.warnings.extend(answer.take_warnings());
    match answer.allowed {
        true => Ok(answer),
        false => Err(Failure::Denied(answer.denial(name))),
    }
}

impl Target {
    /// Returns the address of a call, which tells the webhook how long is waited for it.
    pub fn address(&self, patience: Duration) -> String {
        format!("{}?timeout={}s", self.url, patience.as_secs())
    }
}
