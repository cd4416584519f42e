//! Users that show a token in the `Authorization` header.
//!
//! Source: `apiserver/pkg/authentication/request/bearertoken/bearertoken.go`.

use std::sync::Arc;

use async_trait::async_trait;
use http::header::{AUTHORIZATION, HeaderMap, HeaderName};

use super::{Authenticator, Credentials, Rejected, TokenReviews};
use crate::meta::UserInfo;

/// Believes bearer tokens that somebody knows.
#[derive(Debug)]
pub struct BearerToken(TokenReviews);

impl BearerToken {
    /// Returns the authenticator that has tokens reviewed.
    pub fn new(reviews: TokenReviews) -> Self {
        Self(reviews)
    }
}

#[async_trait]
impl Authenticator for BearerToken {
    async fn authenticate(&self, credentials: Credentials<'_>) -> Result<Option<Arc<UserInfo>>, Rejected> {
        let Some(token) = token(credentials.headers) else { return Ok(None) };
        match self.0.user(token).await? {
            None => Err(Rejected("invalid bearer token".to_owned())),
            user => Ok(user),
        }
    }

    fn reads(&self, header: &HeaderName) -> bool {
        *header == AUTHORIZATION
    }
}

fn token(headers: &HeaderMap) -> Option<&str> {
    let header = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let mut parts = header.trim().splitn(3, ' ');
    let scheme = parts.next()?;
    let token = parts.next().filter(|token| !token.is_empty())?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bearer_tokens_are_looked_at() {
        for (header, expected) in [
            ("Bearer abc", Some("abc")),
            ("bEARER abc", Some("abc")),
            (" Bearer abc rest ", Some("abc")),
            ("Bearer  abc", None),
            ("Bearer ", None),
            ("Bearer", None),
            ("Basic abc", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([(AUTHORIZATION, header.parse().unwrap())]);
            assert_eq!(token(&headers), expected, "{header:?}");
        }
    }
}
