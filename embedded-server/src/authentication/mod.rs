//! Who makes a request: several ways to find out, asked in order.
//!
//! Source: `apiserver/pkg/authentication/authenticatorfactory/delegating.go`.

mod authorities;
mod bearer_token;
mod client_certificate;
mod front_proxy;
mod peer;
mod remote_headers;
mod token_reviews;
mod union;

#[cfg(test)]
mod tests;

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderMap, HeaderName};

pub use self::authorities::Authorities;
pub use self::bearer_token::BearerToken;
pub use self::client_certificate::ClientCertificate;
pub use self::front_proxy::{FrontProxies, FrontProxy, FrontProxyConfig};
pub use self::peer::Peer;
pub use self::remote_headers::RemoteHeaders;
pub use self::token_reviews::{ReviewTokens, TokenReviews};
pub use self::union::Union;
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
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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

    /// Tells whether a header is one of those this authenticator looks at; none of them goes further than
    /// authentication.
    fn reads(&self, header: &HeaderName) -> bool;
}
