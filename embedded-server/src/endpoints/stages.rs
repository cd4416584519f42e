//! The stages of a request as types: only what was authenticated can be authorized, only what was authorized
//! can be dispatched. Each stage can be made only by the one before it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::request::Parts;
use http::{HeaderMap, Uri, Version};
use hyper::upgrade::OnUpgrade;

use super::impersonation;
use super::request_info::RequestInfo;
use crate::authentication::{Peer, Union};
use crate::authorization::{Authorizer, Decision, Unanswered, Verdict};
use crate::meta::{ApiError, Attributes, Query, UserInfo, Verb, duration, in_group};
use crate::registry::MayCreate;

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
pub(super) struct Authorized<B> {
    request: Authenticated<B>,
    reason: String,
}

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

    pub(super) fn method(&self) -> &http::Method {
        &self.parts.method
    }

    pub(super) fn uri(&self) -> &Uri {
        &self.parts.uri
    }

    pub(super) fn info(&self) -> &RequestInfo {
        &self.info
    }

    /// Returns how long the answer may take: as long as the client says, but at the most `most`. Watches are
    /// answered at once, and last as long as they ask for.
    ///
    /// Source: `apiserver/pkg/endpoints/filters/request_deadline.go`.
    ///
    /// # Errors
    /// 400 for a duration that is none.
    pub(super) fn time_limit(&self, most: Duration) -> Result<Duration, ApiError> {
        let text = self.query.text("timeout");
        if text.is_empty() || self.info.is_watch() {
            return Ok(most);
        }
        let asked = duration::parse_go(text).map_err(|why| {
            ApiError::bad_request(format!("invalid timeout specified in the request URL - {why}"))
        })?;
        let asked = Duration::try_from(asked).ok().filter(|asked| !asked.is_zero());
        Ok(asked.map_or(most, |asked| asked.min(most)))
    }

    pub(super) fn is_http2(&self) -> bool {
        self.parts.version == Version::HTTP_2
    }

    pub(super) async fn authenticate(
        mut self,
        peer: &Peer,
        authenticators: &Union,
    ) -> Result<Authenticated<B>, ApiError> {
        match authenticators.authenticate(peer, &mut self.parts.headers).await {
            Ok(user) => Ok(Authenticated { request: self, user }),
            Err(rejected) => {
                tracing::warn!(peer = %peer.address(), %rejected, "unable to authenticate the request");
                Err(ApiError::unauthorized())
            }
        }
    }
}

impl<B> Authenticated<B> {
    pub(super) fn user(&self) -> &Arc<UserInfo> {
        &self.user
    }

    pub(super) fn verb(&self) -> Verb {
        self.request.info.attributes.verb()
    }

    pub(super) fn is_anonymous(&self) -> bool {
        self.user.is_anonymous()
    }

    /// Returns the request as one of the user that it is to be made as, if its maker may.
    ///
    /// # Errors
    /// 400 for half a user, 403 when the maker may not, or nobody can say.
    pub(super) async fn impersonate(mut self, authorizer: &dyn Authorizer) -> Result<Self, ApiError> {
        let Some(wanted) = impersonation::wanted(&mut self.request.parts.headers)? else { return Ok(self) };
        for demand in impersonation::demands(&wanted) {
            match ask(authorizer, &self.user, &demand).await {
                Ok(_) => {}
                Err(Refused::Forbidden { error, .. }) => return Err(error),
                Err(Refused::Unanswered(why)) => return Err(refusal(&self.user, &demand, &why.to_string())),
            }
        }
        self.user = Arc::new(impersonation::placed(wanted));
        Ok(self)
    }

    pub(super) async fn authorize(self, authorizer: &dyn Authorizer) -> Result<Authorized<B>, Refusal> {
        match ask(authorizer, &self.user, &self.request.info.attributes).await {
            Ok(reason) => Ok(Authorized { request: self, reason }),
            Err(Refused::Forbidden { error, reason }) => Err(Refusal::Forbidden { error, reason }),
            Err(Refused::Unanswered(why)) => Err(Refusal::unanswered(&self.request.parts.uri, &why)),
        }
    }
}

/// Why a request is not carried out, as the client is told.
#[derive(Debug)]
pub(super) enum Refusal {
    Forbidden {
        error: ApiError,
        reason: String,
    },
    /// Nobody could be asked; worded as plain text.
    Unanswered(String),
}

impl Refusal {
    /// Source: `apiserver/pkg/endpoints/handlers/responsewriters/errors.go`, `InternalError`.
    fn unanswered(uri: &Uri, why: &Unanswered) -> Self {
        let asked = uri.path_and_query().map_or("/", |asked| asked.as_str());
        Self::Unanswered(harmless(&format!("Internal Server Error: {asked:?}: {why}\n")))
    }
}

/// How an authorizer did not say yes.
enum Refused {
    Forbidden { error: ApiError, reason: String },
    Unanswered(Unanswered),
}

/// Returns why the user may do what he asks for.
async fn ask(
    authorizer: &dyn Authorizer,
    user: &UserInfo,
    attributes: &Attributes,
) -> Result<String, Refused> {
    match authorizer.authorize(user, attributes).await {
        Ok(Verdict { decision: Decision::Allow, reason }) => Ok(reason),
        Ok(Verdict { reason, .. }) => {
            Err(Refused::Forbidden { error: refusal(user, attributes, &reason), reason })
        }
        Err(unanswered) => {
            tracing::error!(error = %unanswered, "unable to authorize the request");
            Err(Refused::Unanswered(unanswered))
        }
    }
}

/// The question whether a patch that makes an object may do so.
#[derive(Debug)]
struct Creation {
    authorizer: Arc<dyn Authorizer>,
    user: Arc<UserInfo>,
    attributes: Attributes,
}

#[async_trait]
impl MayCreate for Creation {
    async fn check(&self) -> Result<(), ApiError> {
        match ask(&*self.authorizer, &self.user, &self.attributes).await {
            Ok(_) => Ok(()),
            Err(Refused::Forbidden { error, .. }) => Err(error),
            Err(Refused::Unanswered(why)) => Err(ApiError::internal(why)),
        }
    }
}

impl<B> Authorized<B> {
    pub(super) fn method(&self) -> &http::Method {
        &self.request.request.parts.method
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        &self.request.request.parts.headers
    }

    pub(super) fn query(&self) -> &Query {
        &self.request.request.query
    }

    pub(super) fn info(&self) -> &RequestInfo {
        &self.request.request.info
    }

    pub(super) fn user(&self) -> &Arc<UserInfo> {
        &self.request.user
    }

    /// Returns why it may be, in the words of whoever allowed it.
    pub(super) fn reason(&self) -> &str {
        &self.reason
    }

    /// Returns the question whether the request may also create what it addresses.
    pub(super) fn creation(&self, authorizer: Arc<dyn Authorizer>) -> Box<dyn MayCreate> {
        let attributes = self.info().attributes.clone().with_verb(Verb::Create);
        Box::new(Creation { authorizer, user: Arc::clone(self.user()), attributes })
    }

    /// Returns the connection as it will be once the request is answered, if it can be used for something else.
    pub(super) fn connection(&self) -> Option<OnUpgrade> {
        self.request.request.parts.extensions.get().cloned()
    }

    pub(super) fn into_body(self) -> B {
        self.request.request.body
    }
}

/// Words a refusal. Source: `apiserver/pkg/endpoints/handlers/responsewriters/errors.go`.
fn refusal(user: &UserInfo, attributes: &Attributes, reason: &str) -> ApiError {
    let why = |what: String| match (harmless(&format!("User {:?} cannot {what}", user.name)), reason) {
        (why, "") => why,
        (why, reason) => format!("{why}: {reason}"),
    };
    match attributes {
        Attributes::Path { verb, path } => ApiError::forbidden("", "", &why(format!("{verb} path {path:?}"))),
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
            ApiError::forbidden(&in_group(resource, group), name, &why(what))
        }
    }
}

/// Returns text in which a browser finds no markup.
fn harmless(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Returns a header's value, empty when it is absent or not text.
pub(super) fn header<'h>(headers: &'h HeaderMap, name: &http::header::HeaderName) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
