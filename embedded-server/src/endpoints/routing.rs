//! What a route asks of a request's headers before it looks at anything else.
//!
//! k8s.io/apiserver routes with go-restful, which has words of its own for refusals. Source:
//! `vendor/github.com/emicklei/go-restful/v3/{jsr311,route}.go`, `apiserver/pkg/endpoints/installer.go`.

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, Method};

use super::stages::header;
use crate::meta::ApiError;

/// The media types of a route.
#[derive(Clone, Copy, Debug)]
pub(super) struct Media {
    /// What a body may be in; none for anything.
    pub(super) consumes: Option<&'static [&'static str]>,
    /// What an answer may be in.
    pub(super) produces: &'static [&'static str],
}

/// What a body is in when nobody says, in the eyes of the router.
const UNSAID: &str = "application/octet-stream";

impl Media {
    /// Checks that a request's body and its answer can be in what the request names.
    ///
    /// # Errors
    /// 415 for the body, 406 for the answer.
    pub(super) fn check(&self, method: &Method, headers: &HeaderMap) -> Result<(), ApiError> {
        if !self.takes(method, header(headers, &CONTENT_TYPE)) {
            return Err(ApiError::not_consumed());
        }
        let accept = header(headers, &ACCEPT);
        let acceptable = |range: &str| range == "*/*" || self.produces.contains(&range);
        match accept.is_empty() || essences(accept).any(acceptable) {
            true => Ok(()),
            false => Err(ApiError::not_produced(self.produces)),
        }
    }

    fn takes(&self, method: &Method, content_type: &str) -> bool {
        let Some(consumes) = self.consumes else { return true };
        match content_type {
            "" if matches!(*method, Method::GET | Method::DELETE) => true,
            "" => consumes.contains(&UNSAID),
            given => essences(given).any(|essence| consumes.contains(&essence)),
        }
    }
}

/// Returns the media types of a header without their parameters.
fn essences(header: &str) -> impl Iterator<Item = &str> {
    header.split(',').map(|clause| clause.split(';').next().unwrap_or_default().trim_matches(' '))
}
