//! The stages of a request as types: only what was authenticated can be authorized, only what was authorized
//! can be dispatched. Each stage can be made only by the one before it.

use std::sync::Arc;

use http::HeaderMap;
use http::request::Parts;

use super::request_info::RequestInfo;
use crate::authentication::{Credentials, Peer, Union};
use crate::authorization::{Authorizer, Decision};
use crate::meta::{ApiError, Attributes, Query, UserInfo};

/// A request as it came in.
#[derive(Debug)]
pub(super) struct Received<B> {
    parts: Parts,
    query: Query,
    info: RequestInfo,
    body: B,
}

/// A request whose maker is known.
#[derive(Debug)]
pub(super) struct Authenticated<B> {
    request: Received<B>,
    user: Arc<UserInfo>,
}

/// A request that may be carried out.
#[derive(Debug)]
pub(super) struct Authorized<B>(Authenticated<B>);

impl<B> Received<B> {
    pub(super) fn new(request: http::Request<B>) -> Self {
        let (parts, body) = request.into_parts();
        let query = Query::parse(parts.uri.query().unwrap_or_default());
        let info = RequestInfo::parse(&parts.method, parts.uri.path(), &query);
        Self { parts, query, info, body }
    }

    pub(super) fn query(&self) -> &Query {
        &self.query
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    pub(super) async fn authenticate(
        self,
        peer: &Peer,
        authenticators: &Union,
    ) -> Result<Authenticated<B>, ApiError> {
        let credentials = Credentials { peer, headers: &self.parts.headers };
        match authenticators.authenticate(credentials).await {
            Ok(user) => Ok(Authenticated { request: self, user }),
            Err(rejected) => {
                tracing::warn!(peer = %peer.address(), %rejected, "unable to authenticate the request");
                Err(ApiError::unauthorized())
            }
        }
    }
}

impl<B> Authenticated<B> {
    pub(super) async fn authorize(self, authorizer: &dyn Authorizer) -> Result<Authorized<B>, ApiError> {
        let attributes = &self.request.info.attributes;
        match authorizer.authorize(&self.user, attributes).await {
            Ok(Decision::Allow) => Ok(Authorized(self)),
            Ok(Decision::Deny(reason)) => Err(refusal(&self.user, attributes, &reason)),
            Ok(Decision::NoOpinion) => Err(refusal(&self.user, attributes, "")),
            Err(unanswered) => {
                tracing::error!(error = %unanswered, "unable to authorize the request");
                Err(ApiError::internal(unanswered))
            }
        }
    }
}

impl<B> Authorized<B> {
    pub(super) fn method(&self) -> &http::Method {
        &self.0.request.parts.method
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        &self.0.request.parts.headers
    }

    pub(super) fn query(&self) -> &Query {
        &self.0.request.query
    }

    pub(super) fn info(&self) -> &RequestInfo {
        &self.0.request.info
    }

    pub(super) fn user(&self) -> &Arc<UserInfo> {
        &self.0.user
    }

    pub(super) fn into_body(self) -> B {
        self.0.request.body
    }
}

/// Words a refusal. Source: `apiserver/pkg/endpoints/handlers/responsewriters/errors.go`.
fn refusal(user: &UserInfo, attributes: &Attributes, reason: &str) -> ApiError {
    let why = |what: String| match reason {
        "" => format!("User \"{}\" cannot {what}", user.name),
        reason => format!("User \"{}\" cannot {what}: {reason}", user.name),
    };
    match attributes {
        Attributes::Path { verb, path } => {
            ApiError::forbidden("", "", &why(format!("{verb} path \"{path}\"")))
        }
        Attributes::Resource { verb, group, resource, subresource, namespace, name, .. } => {
            let resource_path = match subresource.as_str() {
                "" => resource.clone(),
                sub => format!("{resource}/{sub}"),
            };
            let place = match namespace.as_str() {
                "" => "at the cluster scope".to_owned(),
                namespace => format!("in the namespace \"{namespace}\""),
            };
            let what = format!("{verb} resource \"{resource_path}\" in API group \"{group}\" {place}");
            ApiError::forbidden(&format!("{resource}.{group}"), name, &why(what))
        }
    }
}

/// Returns a header's value, empty when it is absent or not text.
pub(super) fn header<'h>(headers: &'h HeaderMap, name: &http::header::HeaderName) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
