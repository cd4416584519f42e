//! Tokens that the cluster knows.
//!
//! Source: `apiserver/plugin/pkg/authenticator/token/webhook/webhook.go`,
//! `apiserver/pkg/authentication/token/cache/cached_token_authenticator.go`.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use k8s_openapi::api::authentication::v1::{self as api, TokenReviewSpec, TokenReviewStatus};
use sha2::{Digest, Sha256};

use super::Rejected;
use crate::clock::Clock;
use crate::lookup::{Answers, Failed, Lifetimes, persistently, within};
use crate::meta::UserInfo;

/// How long a review may take altogether.
const PATIENCE: Duration = Duration::from_secs(10);

/// Says whose token it is: a cluster.
#[async_trait]
pub trait ReviewTokens: Debug + Send + Sync + 'static {
    /// Returns what is said of a token.
    ///
    /// # Errors
    /// When nobody can be asked.
    async fn review(&self, spec: TokenReviewSpec) -> Result<TokenReviewStatus, Failed>;
}

/// Asks whose a token is. Tokens themselves are not kept.
#[derive(Debug)]
pub struct TokenReviews {
    reviewer: Arc<dyn ReviewTokens>,
    audiences: Vec<String>,
    lifetimes: Lifetimes,
    answers: Answers<[u8; 32], Option<Arc<UserInfo>>>,
}

impl TokenReviews {
    /// Asks `reviewer` for tokens that are meant for one of `audiences`; without any, for all that it knows.
    pub fn new(
        reviewer: Arc<dyn ReviewTokens>,
        audiences: Vec<String>,
        lifetimes: Lifetimes,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { reviewer, audiences, lifetimes, answers: Answers::new(clock) }
    }

    /// Returns the user whose token it is; none when it is nobody's.
    pub(super) async fn user(&self, token: &str) -> Result<Option<Arc<UserInfo>>, Rejected> {
        let Lifetimes { yes, no } = self.lifetimes;
        let good_for = move |user: &Option<_>| if user.is_some() { yes } else { no };
        let ask = || ask(Arc::clone(&self.reviewer), self.spec(token)).boxed();
        let answer = self.answers.get(Sha256::digest(token).into(), good_for, ask).await;
        answer.map_err(|failed| Rejected(failed.to_string()))
    }

    fn spec(&self, token: &str) -> TokenReviewSpec {
        let audiences = (!self.audiences.is_empty()).then(|| self.audiences.clone());
        TokenReviewSpec { audiences, token: token.to_owned() }
    }
}

async fn ask(
    reviewer: Arc<dyn ReviewTokens>,
    spec: TokenReviewSpec,
) -> Result<Option<Arc<UserInfo>>, Failed> {
    let wanted = spec.audiences.clone().unwrap_or_default();
    let status = within(PATIENCE, persistently(|| reviewer.review(spec.clone()))).await?;
    if !suits(&wanted, status.audiences.as_deref().unwrap_or_default()) {
        return Ok(None);
    }
    match (status.authenticated, status.error) {
        (Some(true), _) => Ok(Some(Arc::new(user(status.user.unwrap_or_default()).authenticated()))),
        (_, Some(error)) if !error.is_empty() => Err(Failed::lasting(error)),
        _ => Ok(None),
    }
}

/// A reviewer that names no audiences knows none, and means all of them.
fn suits(wanted: &[String], found: &[String]) -> bool {
    wanted.is_empty() || found.is_empty() || wanted.iter().any(|audience| found.contains(audience))
}

fn user(reviewed: api::UserInfo) -> UserInfo {
    UserInfo {
        name: reviewed.username.unwrap_or_default(),
        uid: reviewed.uid.unwrap_or_default(),
        groups: reviewed.groups.unwrap_or_default(),
        extra: reviewed.extra.unwrap_or_default(),
    }
}
