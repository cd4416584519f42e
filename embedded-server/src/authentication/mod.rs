//! Who makes a request: several ways to find out, asked in order.
//!
//! Source: `apiserver/pkg/authentication/authenticatorfactory/delegating.go`.

mod client_certificate;
mod peer;

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use http::HeaderMap;

pub use self::client_certificate::ClientCertificate;
pub use self::peer::Peer;
use crate::meta::UserInfo;

/// What a request shows of its maker.
#[derive(Clone, Copy, Debug)]
pub struct Credentials<'a> {
    /// The other end of the connection.
    pub peer: &'a Peer,
    /// The request's headers.
    pub headers: &'a HeaderMap,
}

/// Credentials that were shown but that nobody vouches for.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Rejected(pub String);

/// One way to find out who makes a request.
#[async_trait]
pub trait Authenticator: Debug + Send + Sync + 'static {
    /// Returns the user, or none when the request shows nothing this authenticator looks at.
    ///
    /// # Errors
    /// When what it shows is not to be believed.
    async fn authenticate(&self, credentials: Credentials<'_>) -> Result<Option<Arc<UserInfo>>, Rejected>;
}

/// Asks several, in order: the first that knows the user counts. Nobody's user is anonymous.
#[derive(Debug)]
pub struct Union {
    members: Vec<Arc<dyn Authenticator>>,
    anonymous: Arc<UserInfo>,
}

impl Union {
    /// Returns the union of `members`.
    pub fn new(members: Vec<Arc<dyn Authenticator>>) -> Self {
        Self { members, anonymous: Arc::new(UserInfo::anonymous()) }
    }

    /// Returns the user of a request.
    ///
    /// # Errors
    /// When a member rejects what the request shows; it is not anonymous then.
    pub async fn authenticate(&self, credentials: Credentials<'_>) -> Result<Arc<UserInfo>, Rejected> {
        for member in &self.members {
            if let Some(user) = member.authenticate(credentials).await? {
                return Ok(user);
            }
        }
        Ok(Arc::clone(&self.anonymous))
    }
}
