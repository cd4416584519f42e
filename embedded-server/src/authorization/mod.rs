//! Who may do what: several to ask, in order.
//!
//! Source: `apiserver/pkg/authorization/union/union.go`, `apiserver/pkg/server/options/authorization.go`.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use crate::meta::{Attributes, UserInfo};

/// What an authorizer says of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The request may go on.
    Allow,
    /// The request must not go on, whatever others say.
    Deny(String),
    /// It is for others to say.
    NoOpinion,
}

/// An authorizer could not be asked.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unanswered(pub String);

/// Decides about requests.
#[async_trait]
pub trait Authorizer: Debug + Send + Sync + 'static {
    /// Returns the decision about a request of `user`.
    ///
    /// # Errors
    /// When whoever decides cannot be asked; that is no permission.
    async fn authorize(&self, user: &UserInfo, attributes: &Attributes) -> Result<Decision, Unanswered>;
}

/// Asks several, in order: the first with an opinion counts. Without any opinion the request is refused.
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
    async fn authorize(&self, user: &UserInfo, attributes: &Attributes) -> Result<Decision, Unanswered> {
        for member in &self.0 {
            match member.authorize(user, attributes).await? {
                Decision::NoOpinion => {}
                decision => return Ok(decision),
            }
        }
        Ok(Decision::NoOpinion)
    }
}

/// Allows members of `system:masters` everything.
#[derive(Clone, Copy, Debug)]
pub struct PrivilegedGroup;

#[async_trait]
impl Authorizer for PrivilegedGroup {
    async fn authorize(&self, user: &UserInfo, _: &Attributes) -> Result<Decision, Unanswered> {
        let privileged = user.is_member_of(UserInfo::MASTERS);
        Ok(if privileged { Decision::Allow } else { Decision::NoOpinion })
    }
}

/// Allows everybody a few paths.
#[derive(Clone, Debug)]
pub struct AlwaysAllowPaths(Vec<String>);

impl AlwaysAllowPaths {
    /// Returns the authorizer of exactly `paths`; one that ends in `*` stands for all that begin as it does.
    pub fn new(paths: Vec<String>) -> Self {
        Self(paths)
    }
}

impl Default for AlwaysAllowPaths {
    /// The paths that load balancers and kubelets probe.
    fn default() -> Self {
        Self(["/healthz", "/readyz", "/livez"].map(str::to_owned).to_vec())
    }
}

#[async_trait]
impl Authorizer for AlwaysAllowPaths {
    async fn authorize(&self, _: &UserInfo, attributes: &Attributes) -> Result<Decision, Unanswered> {
        let Attributes::Path { path, .. } = attributes else { return Ok(Decision::NoOpinion) };
        let allowed = self.0.iter().any(|allowed| match allowed.strip_suffix('*') {
            Some(prefix) => path.starts_with(prefix),
            None => path == allowed,
        });
        Ok(if allowed { Decision::Allow } else { Decision::NoOpinion })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meta::{Method, Verb};

    fn path(path: &str) -> Attributes {
        Attributes::Path { verb: Verb::Method(Method::Get), path: path.to_owned() }
    }

    fn standard() -> Union {
        Union::new(vec![Arc::new(PrivilegedGroup), Arc::new(AlwaysAllowPaths::default())])
    }

    #[tokio::test]
    async fn masters_may_do_everything() {
        let master = UserInfo { groups: vec![UserInfo::MASTERS.to_owned()], ..UserInfo::default() };
        assert_eq!(standard().authorize(&master, &path("/x")).await.unwrap(), Decision::Allow);
    }

    #[tokio::test]
    async fn others_may_only_ask_for_health() {
        let nobody = UserInfo::anonymous();
        assert_eq!(standard().authorize(&nobody, &path("/readyz")).await.unwrap(), Decision::Allow);
        for other in ["/readyz/store", "/apis", "/readyzz"] {
            let decision = standard().authorize(&nobody, &path(other)).await.unwrap();
            assert_eq!(decision, Decision::NoOpinion, "{other}");
        }
    }
}
