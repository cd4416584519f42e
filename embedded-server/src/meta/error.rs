//! Failures of the API as clients see them: one constructor per entry of `apimachinery/pkg/api/errors`.

use std::collections::BTreeSet;
use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Status, StatusCause, StatusDetails};

use super::{Descriptor, Revision, field, in_group};

/// A machine-readable class of failure, `Status.reason` on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Reason {
    Unknown,
    Unauthorized,
    Forbidden,
    NotFound,
    AlreadyExists,
    Conflict,
    Gone,
    Expired,
    Invalid,
    ServerTimeout,
    Timeout,
    TooManyRequests,
    BadRequest,
    MethodNotAllowed,
    NotAcceptable,
    RequestEntityTooLarge,
    UnsupportedMediaType,
    InternalError,
    ServiceUnavailable,
}

impl Reason {
    const ALL: [Self; 18] = [
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::AlreadyExists,
        Self::Conflict,
        Self::Gone,
        Self::Expired,
        Self::Invalid,
        Self::ServerTimeout,
        Self::Timeout,
        Self::TooManyRequests,
        Self::BadRequest,
        Self::MethodNotAllowed,
        Self::NotAcceptable,
        Self::RequestEntityTooLarge,
        Self::UnsupportedMediaType,
        Self::InternalError,
        Self::ServiceUnavailable,
    ];

    /// Returns the reason as it stands on the wire; empty for [`Reason::Unknown`].
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "",
            Self::Unauthorized => "Unauthorized",
            Self::Forbidden => "Forbidden",
            Self::NotFound => "NotFound",
            Self::AlreadyExists => "AlreadyExists",
            Self::Conflict => "Conflict",
            Self::Gone => "Gone",
            Self::Expired => "Expired",
            Self::Invalid => "Invalid",
            Self::ServerTimeout => "ServerTimeout",
            Self::Timeout => "Timeout",
            Self::TooManyRequests => "TooManyRequests",
            Self::BadRequest => "BadRequest",
            Self::MethodNotAllowed => "MethodNotAllowed",
            Self::NotAcceptable => "NotAcceptable",
            Self::RequestEntityTooLarge => "RequestEntityTooLarge",
            Self::UnsupportedMediaType => "UnsupportedMediaType",
            Self::InternalError => "InternalError",
            Self::ServiceUnavailable => "ServiceUnavailable",
        }
    }
}

/// A failure that a client is told of, as a `Status` of `meta.k8s.io/v1`.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiError {
    reason: Reason,
    status: Box<Status>,
}

impl std::error::Error for ApiError {}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl ApiError {
    /// Returns a failure with an HTTP status code, a reason and a message.
    pub fn new(code: u16, reason: Reason, message: impl Into<String>) -> Self {
        let status = Status {
            code: Some(i32::from(code)),
            message: Some(message.into()),
            reason: (reason != Reason::Unknown).then(|| reason.as_str().to_owned()),
            status: Some("Failure".to_owned()),
            ..Status::default()
        };
        Self { reason, status: Box::new(status) }
    }

    /// Returns a failure in the words of somebody else, as they stand; a code that is none of a failure becomes 400,
    /// one that HTTP does not have 500.
    pub fn told(mut status: Status) -> Self {
        let named = status.reason.as_deref().unwrap_or_default();
        let reason =
            Reason::ALL.into_iter().find(|reason| reason.as_str() == named).unwrap_or(Reason::Unknown);
        status.code = match status.code.unwrap_or_default() {
            ..400 => Some(400),
            1000.. => Some(500),
            code => Some(code),
        };
        status.status = Some("Failure".to_owned());
        Self { reason, status: Box::new(status) }
    }

    /// 400: the request makes no sense.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, Reason::BadRequest, message)
    }

    /// 401: the request carries credentials that nobody vouches for.
    pub fn unauthorized() -> Self {
        Self::new(401, Reason::Unauthorized, "Unauthorized")
    }

    /// 403: the user may not do this. `why` follows `… is forbidden: `.
    pub fn forbidden(group_resource: &str, name: &str, why: &str) -> Self {
        let message = match (group_resource.is_empty(), name.is_empty()) {
            (true, _) => format!("forbidden: {why}"),
            (false, true) => format!("{group_resource} is forbidden: {why}"),
            (false, false) => format!("{group_resource} \"{name}\" is forbidden: {why}"),
        };
        let (resource, group) = group_resource.split_once('.').unwrap_or((group_resource, ""));
        Self::new(403, Reason::Forbidden, message).about(group, resource, name)
    }

    /// 404: there is no such object.
    pub fn not_found(of: &Descriptor, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", of.group_resource());
        Self::new(404, Reason::NotFound, message).about(of.group, of.plural, name)
    }

    /// 404: there is no such namespace.
    pub fn no_such_namespace(name: &str) -> Self {
        let message = format!("namespaces \"{name}\" not found");
        Self::new(404, Reason::NotFound, message).about("", "namespaces", name)
    }

    /// 404: there is no such path below an API group.
    pub fn no_such_path() -> Self {
        Self::new(404, Reason::NotFound, "the server could not find the requested resource").about("", "", "")
    }

    /// 405: the resource cannot be asked this way.
    pub fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::new(405, Reason::MethodNotAllowed, message).about("", "", "")
    }

    /// 406: none of the media types the client accepts can be made.
    pub fn not_acceptable(offered: &[&str]) -> Self {
        let message = format!("only the following media types are accepted: {}", offered.join(", "));
        Self::new(406, Reason::NotAcceptable, message)
    }

    /// 406: the route makes none of the media types the client accepts, in the words of the router.
    pub fn not_produced(produced: &[&str]) -> Self {
        let message = format!("406: Not Acceptable\n\nAvailable representations: {}", produced.join(", "));
        Self::new(406, Reason::NotAcceptable, message).about("", "", "")
    }

    /// 409: an object of that name is there already.
    pub fn already_exists(of: &Descriptor, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", of.group_resource());
        Self::new(409, Reason::AlreadyExists, message).about(of.group, of.plural, name)
    }

    /// 409: no free name was found for an object that asked for a generated one.
    pub fn generated_name_taken(of: &Descriptor, name: &str) -> Self {
        let message = format!(
            "{} \"{name}\" already exists, the server was not able to generate a unique name for the object",
            of.group_resource()
        );
        Self::new(409, Reason::AlreadyExists, message).about(of.group, of.plural, name).retry_after(1)
    }

    /// 409: the object is not in the state the request assumes.
    pub fn conflict(of: &Descriptor, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", of.group_resource());
        Self::new(409, Reason::Conflict, message).about(of.group, of.plural, name)
    }

    /// 409: the object changed since the client read it.
    pub fn modified(of: &Descriptor, name: &str) -> Self {
        let why =
            "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(of, name, why)
    }

    /// 409: others manage fields that a server-side apply would change. One cause per field.
    pub fn apply_conflict(message: String, causes: Vec<StatusCause>) -> Self {
        let mut error = Self::new(409, Reason::Conflict, message);
        error.details().causes = Some(causes);
        error
    }

    /// 409: a delete precondition does not hold. Names the kind where other conflicts name the resource, as
    /// `apiserver/pkg/registry/rest/delete.go` does.
    pub fn precondition_failed(of: &Descriptor, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", of.group_kind());
        Self::new(409, Reason::Conflict, message).about(of.group, of.kind, name)
    }

    /// 410: what the client wants to continue from is no longer known.
    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(410, Reason::Expired, message)
    }

    /// 413: the body is larger than `limit` bytes.
    pub fn too_large(limit: usize) -> Self {
        let message = format!("Request entity too large: limit is {limit}");
        Self::new(413, Reason::RequestEntityTooLarge, message)
    }

    /// 415: the body is in none of the media types that are understood.
    pub fn unsupported_media_type(accepted: &[&str]) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {}",
            accepted.join(", ")
        );
        Self::new(415, Reason::UnsupportedMediaType, message)
    }

    /// 415: the route takes no body of that media type, in the words of the router.
    pub fn not_consumed() -> Self {
        Self::new(415, Reason::UnsupportedMediaType, "415: Unsupported Media Type").about("", "", "")
    }

    /// 422: the object breaks rules; all of them are named.
    pub fn invalid(group: &str, kind: &str, name: &str, errors: &[field::Error]) -> Self {
        let mut texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
        let mut told = BTreeSet::new();
        texts.retain(|text| told.insert(text.clone()));
        let joined = match texts.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let qualified = in_group(kind, group);
        let message = format!("{qualified} \"{name}\" is invalid: {joined}");
        let mut error = Self::new(422, Reason::Invalid, message).about(group, kind, name);
        error.details().causes = Some(errors.iter().map(field::Error::to_cause).collect());
        error
    }

    /// 422 in words that say nothing more, as `errors.NewGenericServerResponse` does.
    pub fn rejected() -> Self {
        let message = "the server rejected our request due to an error in our request";
        Self::new(422, Reason::Invalid, message).about("", "", "")
    }

    /// 429: the server has as much to do as it takes on.
    pub fn too_many_requests(retry_after_seconds: i32) -> Self {
        let message = "Too many requests, please try again later.";
        Self::new(429, Reason::TooManyRequests, message).retry_after(retry_after_seconds)
    }

    /// 500: a failure that is the server's own.
    pub fn internal(why: impl fmt::Display) -> Self {
        let mut error = Self::new(500, Reason::InternalError, format!("Internal error occurred: {why}"));
        let cause = StatusCause { message: Some(why.to_string()), ..StatusCause::default() };
        error.details().causes = Some(vec![cause]);
        error
    }

    /// 500 without a reason: an error nobody gave a class, worded by itself.
    pub fn unclassified(why: impl fmt::Display) -> Self {
        Self::new(500, Reason::Unknown, why.to_string())
    }

    /// 503: the server cannot answer now but may soon.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(503, Reason::ServiceUnavailable, message).retry_after(1)
    }

    /// 504: the request took longer than it was given.
    pub fn timeout(why: &str) -> Self {
        Self::new(504, Reason::Timeout, format!("Timeout: {why}")).about("", "", "")
    }

    /// 504: the time that a request may take is over.
    pub fn deadline_exceeded() -> Self {
        Self::timeout("request did not complete within requested timeout - context deadline exceeded")
    }

    /// 504: the client asks for a state that this server has not seen in time.
    pub fn too_large_resource_version(wanted: Revision, current: Revision) -> Self {
        let mut error = Self::timeout(&format!("Too large resource version: {wanted}, current: {current}"));
        let cause = StatusCause {
            message: Some("Too large resource version".to_owned()),
            reason: Some("ResourceVersionTooLarge".to_owned()),
            ..StatusCause::default()
        };
        error.details().causes = Some(vec![cause]);
        error.retry_after(1)
    }

    /// Names what the failure is about.
    #[must_use]
    fn about(mut self, group: &str, kind: &str, name: &str) -> Self {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let details = self.details();
        (details.group, details.kind, details.name) = (some(group), some(kind), some(name));
        self
    }

    /// Says that the reason is a namespace that is being deleted.
    #[must_use]
    pub fn in_terminating(mut self, namespace: &str) -> Self {
        let cause = StatusCause {
            field: Some("metadata.namespace".to_owned()),
            message: Some(format!("namespace {namespace} is being terminated")),
            reason: Some("NamespaceTerminating".to_owned()),
        };
        self.details().causes.get_or_insert_default().push(cause);
        self
    }

    /// Says in how many seconds the client may try again.
    #[must_use]
    pub fn retry_after(mut self, seconds: i32) -> Self {
        self.details().retry_after_seconds = Some(seconds);
        self
    }

    /// Puts text in front of the message.
    #[must_use]
    pub fn prefixed(mut self, prefix: &str) -> Self {
        self.status.message = Some(format!("{prefix}{}", self.message()));
        self
    }

    /// Gives the client a token to continue with.
    #[must_use]
    pub fn with_continue(mut self, token: String) -> Self {
        self.status.metadata.continue_ = Some(token);
        self
    }

    fn details(&mut self) -> &mut StatusDetails {
        self.status.details.get_or_insert_default()
    }

    /// Returns the HTTP status code.
    pub fn code(&self) -> u16 {
        self.status.code.and_then(|code| u16::try_from(code).ok()).unwrap_or(500)
    }

    /// Returns the class of the failure.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// Returns what people read.
    pub fn message(&self) -> &str {
        self.status.message.as_deref().unwrap_or_default()
    }

    /// Returns the seconds after which the client may try again, if it is told.
    pub fn retry_after_seconds(&self) -> Option<i32> {
        self.status.details.as_ref()?.retry_after_seconds
    }

    /// Returns the answer's body.
    pub fn status(&self) -> &Status {
        &self.status
    }
}
