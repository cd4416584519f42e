//! Several authenticators as one.
//!
//! Source: `apiserver/pkg/authentication/request/union/union.go`, `apiserver/pkg/endpoints/filters/authentication.go`.

use std::sync::Arc;

use http::{HeaderMap, HeaderName};

use super::{Authenticator, Credentials, Peer, Rejected, RemoteHeaders};
use crate::meta::UserInfo;

/// Asks several, in order: the first that knows the user counts. Who shows nothing to any of them is anonymous.
#[derive(Debug)]
pub struct Union {
    members: Vec<Arc<dyn Authenticator>>,
    standard: RemoteHeaders,
    anonymous: Arc<UserInfo>,
}

impl Union {
    /// Returns the union of `members`.
    pub fn new(members: Vec<Arc<dyn Authenticator>>) -> Self {
        Self { members, standard: RemoteHeaders::standard(), anonymous: Arc::new(UserInfo::anonymous()) }
    }

    /// Returns the user of a request, and takes from its headers what says who it is: nobody later on is to
    /// believe it, or to write it down.
    ///
    /// # Errors
    /// When a member rejects what the request shows and no other knows the user; it is not anonymous then.
    pub async fn authenticate(
        &self,
        peer: &Peer,
        headers: &mut HeaderMap,
    ) -> Result<Arc<UserInfo>, Rejected> {
        let user = self.ask(Credentials { peer, headers }).await?;
        self.strip(headers);
        Ok(user)
    }

    async fn ask(&self, credentials: Credentials<'_>) -> Result<Arc<UserInfo>, Rejected> {
        let mut rejections = Vec::new();
        for member in &self.members {
            match member.authenticate(credentials).await {
                Ok(Some(user)) => return Ok(placed(user)),
                Ok(None) => {}
                Err(Rejected(why)) => rejections.push(why),
            }
        }
        match rejections.as_slice() {
            [] => Ok(Arc::clone(&self.anonymous)),
            [why] => Err(Rejected(why.clone())),
            whys => Err(Rejected(format!("[{}]", whys.join(", ")))),
        }
    }

    fn strip(&self, headers: &mut HeaderMap) {
        let spent: Vec<_> = headers.keys().filter(|name| self.is_spent(name)).cloned().collect();
        for name in spent {
            headers.remove(name);
        }
    }

    fn is_spent(&self, name: &HeaderName) -> bool {
        *name == http::header::AUTHORIZATION
            || self.standard.contain(name)
            || self.members.iter().any(|member| member.reads(name))
    }
}

/// Puts a user whom a member knows into the group of those who are known.
fn placed(user: Arc<UserInfo>) -> Arc<UserInfo> {
    if user.is_placed() { user } else { Arc::new(Arc::unwrap_or_clone(user).authenticated()) }
}
