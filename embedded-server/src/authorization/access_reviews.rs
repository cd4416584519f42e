//! Asks the cluster who may do what.
//!
//! Source: `apiserver/plugin/pkg/authorizer/webhook/webhook.go`.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use k8s_openapi::api::authorization::v1::{SubjectAccessReviewSpec, SubjectAccessReviewStatus};

use super::{Authorizer, Decision, Unanswered, Verdict, question};
use crate::clock::Clock;
use crate::lookup::{Answers, Failed, Lifetimes, persistently, within};
use crate::meta::{Attributes, UserInfo};

/// How long one attempt at a review may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// From how many bytes on, of those that the client chose, a question is not worth remembering.
const TOO_LONG: usize = 10_000;

/// Says who may do what: a cluster.
#[async_trait]
pub trait ReviewAccess: Debug + Send + Sync + 'static {
    /// Returns what is decided about a request.
    ///
    /// # Errors
    /// When nobody can be asked.
    async fn review(&self, spec: SubjectAccessReviewSpec) -> Result<SubjectAccessReviewStatus, Failed>;
}

/// Decides as somebody else does, and remembers it for a while.
#[derive(Debug)]
pub struct AccessReviews {
    reviewer: Arc<dyn ReviewAccess>,
    lifetimes: Lifetimes,
    answers: Answers<String, Verdict>,
}

impl AccessReviews {
    /// Asks `reviewer`; whether something is allowed is remembered for `lifetimes`.
    pub fn new(reviewer: Arc<dyn ReviewAccess>, lifetimes: Lifetimes, clock: Arc<dyn Clock>) -> Self {
        Self { reviewer, lifetimes, answers: Answers::new(clock) }
    }
}

#[async_trait]
impl Authorizer for AccessReviews {
    async fn authorize(&self, user: &UserInfo, attributes: &Attributes) -> Result<Verdict, Unanswered> {
        let spec = question::about(user, attributes);
        let key = serde_json::to_string(&spec).map_err(|error| Unanswered(error.to_string()))?;
        let Lifetimes { yes, no } = self.lifetimes;
        let memorable = length(attributes) < TOO_LONG;
        let good_for = move |verdict: &Verdict| match verdict.decision {
            _ if !memorable => Duration::ZERO,
            Decision::Allow => yes,
            Decision::Deny | Decision::NoOpinion => no,
        };
        let ask = || ask(Arc::clone(&self.reviewer), spec).boxed();
        let verdict = self.answers.get(key, good_for, ask).await;
        verdict.map_err(|failed| Unanswered(failed.to_string()))
    }
}

async fn ask(reviewer: Arc<dyn ReviewAccess>, spec: SubjectAccessReviewSpec) -> Result<Verdict, Failed> {
    let status = persistently(|| within(PATIENCE, reviewer.review(spec.clone()))).await?;
    let decision = match (status.allowed, status.denied.unwrap_or_default()) {
        (true, true) => {
            let why = "webhook subject access review returned both allow and deny response";
            return Err(Failed::lasting(why));
        }
        (true, false) => Decision::Allow,
        (false, true) => Decision::Deny,
        (false, false) => Decision::NoOpinion,
    };
    Ok(decision.because(status.reason.unwrap_or_default()))
}

/// Returns how many bytes of a question the client chose.
fn length(attributes: &Attributes) -> usize {
    match attributes {
        Attributes::Path { verb, path } => verb.as_str().len() + path.len(),
        Attributes::Resource { verb, group, version, resource, subresource, namespace, name, .. } => {
            let texts = [group, version, resource, subresource, namespace, name];
            verb.as_str().len() + texts.into_iter().map(String::len).sum::<usize>()
        }
    }
}
