//! What is allowed without asking anybody.
//!
//! Source: `apiserver/pkg/authorization/path/path.go`, `apiserver/pkg/authorization/authorizerfactory/builtin.go`.

use async_trait::async_trait;

use super::{Authorizer, Decision, Unanswered, Verdict};
use crate::meta::{Attributes, UserInfo};

/// Allows members of `system:masters` everything.
#[derive(Clone, Copy, Debug)]
pub struct PrivilegedGroup;

#[async_trait]
impl Authorizer for PrivilegedGroup {
    async fn authorize(&self, user: &UserInfo, _: &Attributes) -> Result<Verdict, Unanswered> {
        Ok(allowed_if(user.is_member_of(UserInfo::MASTERS)))
    }
}

/// Allows everybody a few paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlwaysAllowPaths(Vec<String>);

impl AlwaysAllowPaths {
    /// Returns the authorizer of exactly `paths`; one that ends in `*` stands for all that begin as it does. A `/`
    /// at the beginning may be left out.
    ///
    /// # Errors
    /// Returns the path that has a `*` before its end.
    pub fn new(paths: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let paths = paths.into_iter().map(|path| match path.trim_end_matches('*') {
            start if start.contains('*') || path.len() > start.len() + 1 => Err(path),
            _ => Ok(relative(&path).to_owned()),
        });
        paths.collect::<Result<_, _>>().map(Self)
    }

    fn allow(&self, path: &str) -> bool {
        self.0.iter().any(|allowed| match allowed.strip_suffix('*') {
            Some(start) => path.starts_with(start),
            None => path == allowed,
        })
    }
}

impl Default for AlwaysAllowPaths {
    /// The paths that load balancers and kubelets probe.
    fn default() -> Self {
        Self(["healthz", "readyz", "livez"].map(str::to_owned).to_vec())
    }
}

#[async_trait]
impl Authorizer for AlwaysAllowPaths {
    async fn authorize(&self, _: &UserInfo, attributes: &Attributes) -> Result<Verdict, Unanswered> {
        Ok(allowed_if(match attributes {
            Attributes::Path { path, .. } => self.allow(relative(path)),
            Attributes::Resource { .. } => false,
        }))
    }
}

fn relative(path: &str) -> &str {
    path.strip_prefix('/').unwrap_or(path)
}

fn allowed_if(allowed: bool) -> Verdict {
    if allowed { Decision::Allow } else { Decision::NoOpinion }.into()
}
