//! Several authorizers as one. Source: `apiserver/pkg/authorization/union/union.go`.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Authorizer, Decision, Unanswered, Verdict};
use crate::meta::{Attributes, UserInfo};

/// Asks several, in order: the first with an opinion counts. Without any opinion the request is refused, for the
/// reasons of all.
#[derive(Debug)]
pub struct Union(Vec<Arc<dyn Authorizer>>);

impl Union {
    /// Returns the union of `members`.
    pub fn new(members: Vec<Arc<dyn Authorizer>>) -> Self {
        Self(members)
    }
}

#[async_trait]
impl Authorizer for Union {
    async fn authorize(&self, user: &UserInfo, attributes: &Attributes) -> Result<Verdict, Unanswered> {
        let (mut reasons, mut failures) = (Vec::new(), Vec::new());
        for member in &self.0 {
            match member.authorize(user, attributes).await {
                Ok(Verdict { decision: Decision::NoOpinion, reason }) => reasons.push(reason),
                Ok(verdict) => return Ok(verdict),
                Err(Unanswered(why)) => failures.push(why),
            }
        }
        match failures.as_slice() {
            [] => {
                reasons.retain(|reason| !reason.is_empty());
                Ok(Decision::NoOpinion.because(reasons.join("\n")))
            }
            [why] => Err(Unanswered(why.clone())),
            whys => Err(Unanswered(format!("[{}]", whys.join(", ")))),
        }
    }
}
