//! Who may do what: several to ask, in order.
//!
//! Source: `apiserver/pkg/authorization/authorizer/interfaces.go`, `apiserver/pkg/server/options/authorization.go`.

mod access_reviews;
mod always_allow;
mod question;
mod union;

#[cfg(test)]
mod tests;

use std::fmt::Debug;

use async_trait::async_trait;

pub use self::access_reviews::{AccessReviews, ReviewAccess};
pub use self::always_allow::{AlwaysAllowPaths, PrivilegedGroup};
pub use self::union::Union;
use crate::meta::{Attributes, UserInfo};

/// What an authorizer decides about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The request may go on.
    Allow,
    /// The request must not go on, whatever others say.
    Deny,
    /// It is for others to say.
    NoOpinion,
}

/// A decision, and what people are told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What was decided.
    pub decision: Decision,
    /// Why; often nothing.
    pub reason: String,
}

impl Decision {
    /// Returns the verdict with a reason.
    pub fn because(self, reason: impl Into<String>) -> Verdict {
        Verdict { decision: self, reason: reason.into() }
    }
}

impl From<Decision> for Verdict {
    fn from(decision: Decision) -> Self {
        decision.because("")
    }
}

/// An authorizer could not be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unanswered(pub String);

/// Decides about requests.
#[async_trait]
pub trait Authorizer: Debug + Send + Sync + 'static {
    /// Returns what is decided about a request of `user`.
    ///
    /// # Errors
    /// When whoever decides cannot be asked; that is no permission.
    async fn authorize(&self, user: &UserInfo, attributes: &Attributes) -> Result<Verdict, Unanswered>;
}
