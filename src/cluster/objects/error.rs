//! Why a cluster did not do what it was asked: told apart by what can be done about it.

use std::error::Error;
use std::fmt;
use std::io;

use thiserror::Error;

use super::Kind;
use crate::cluster::failure::{causes, words};

/// A request that a cluster did not fulfil.
#[derive(Debug, Error)]
#[error("cannot {verb} {what}")]
pub(crate) struct ClusterError {
    /// What can be done about it.
    pub(crate) reason: Reason,
    verb: &'static str,
    what: String,
    server: Option<String>,
    #[source]
    why: Why,
}

/// What kind of failure it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Reason {
    /// The object does not exist.
    NotFound,
    /// The cluster does not serve this kind of objects.
    UnknownKind,
    /// The object exists already.
    AlreadyExists,
    /// It changed meanwhile, or fields belong to another manager.
    Conflict,
    /// It is not allowed, for want of the permission where one is named.
    Forbidden(Option<Box<Permission>>),
    /// Nobody is recognised.
    Unauthorized,
    /// The object breaks a rule.
    Invalid,
    /// The cluster is too busy, or a part of it does not answer.
    Unavailable,
    /// The cluster cannot be reached.
    Unreachable,
    /// One side does not trust the certificate of the other.
    Untrusted,
    /// Something else.
    Other,
}

/// Something that somebody may do or not.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Permission {
    /// What is done.
    pub(crate) verb: String,
    /// What it is done to, with its group: `deployments.apps`.
    pub(crate) resource: String,
    /// Where; none for the whole cluster.
    pub(crate) namespace: Option<String>,
}

/// The cause in the words of whoever refused.
#[derive(Debug)]
struct Why(String);

impl ClusterError {
    /// Says that `what` could not be done `verb` to.
    pub(crate) fn new(verb: &'static str, what: &str, reason: Reason, why: impl Into<String>) -> Self {
        Self { reason, verb, what: what.to_owned(), server: None, why: Why(why.into()) }
    }

    /// Says what the client says.
    pub(crate) fn from_client(verb: &'static str, what: &str, error: &kube::Error) -> Self {
        Self::new(verb, what, Reason::from(error), words(error))
    }

    /// Says which cluster was asked.
    pub(in crate::cluster) fn at(self, server: &str) -> Self {
        Self { server: Some(server.to_owned()), ..self }
    }

    /// Returns the cause alone.
    pub(crate) fn why(&self) -> &str {
        &self.why.0
    }

    /// Returns what can be done, where anything is known.
    pub(crate) fn hint(&self) -> Option<String> {
        let server = self.server.as_deref().unwrap_or("the cluster");
        match &self.reason {
            Reason::Forbidden(Some(permission)) => Some(format!(
                "it takes the permission to {permission}; --as and --context act as somebody else"
            )),
            Reason::Unauthorized => Some("log in again, or take another --context".to_owned()),
            Reason::Unreachable => {
                Some(format!("is {server} right, and does it run? --context takes another cluster"))
            }
            Reason::Untrusted => Some(format!(
                "the kubeconfig has another authority than {server}; fetch it anew, or take another --context"
            )),
            _ => None,
        }
    }
}

impl Reason {
    /// Returns what an HTTP status, and the reason that came with it, stand for.
    pub(crate) fn of(code: u16, reason: &str) -> Self {
        match (reason, code) {
            ("NotFound", _) => Self::NotFound,
            ("AlreadyExists", _) => Self::AlreadyExists,
            ("Conflict", _) => Self::Conflict,
            ("Invalid" | "BadRequest", _) => Self::Invalid,
            ("ServiceUnavailable" | "TooManyRequests" | "Timeout" | "ServerTimeout" | "InternalError", _) => {
                Self::Unavailable
            }
            (_, 401) => Self::Unauthorized,
            (_, 403) => Self::Forbidden(None),
            (_, 404) => Self::UnknownKind,
            (_, 409) => Self::Conflict,
            (_, 429 | 500..) => Self::Unavailable,
            _ => Self::Other,
        }
    }
}

impl From<&kube::Error> for Reason {
    fn from(error: &kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => match Self::of(status.code, &status.reason) {
                Self::Forbidden(_) => Self::Forbidden(Permission::named_in(&status.message).map(Box::new)),
                reason => reason,
            },
            kube::Error::Auth(_) => Self::Unauthorized,
            error if causes(error).any(is_about_certificates) => Self::Untrusted,
            kube::Error::HyperError(_) | kube::Error::Service(_) => Self::Unreachable,
            _ => Self::Other,
        }
    }
}

/// An `io::Error` hides what it wraps from those who walk along the causes.
fn is_about_certificates(error: &(dyn Error + 'static)) -> bool {
    let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    let error = wrapped.map_or_else(|| error.downcast_ref(), |wrapped| wrapped.downcast_ref());
    matches!(error, Some(rustls::Error::InvalidCertificate(_) | rustls::Error::AlertReceived(_)))
}

impl Permission {
    /// Names a permission.
    pub(super) fn new(verb: &str, kind: &Kind, namespace: Option<&str>) -> Self {
        let dot = if kind.group().is_empty() { "" } else { "." };
        Self {
            verb: verb.to_owned(),
            resource: format!("{}{dot}{}", kind.plural, kind.group()),
            namespace: namespace.map(str::to_owned),
        }
    }

    /// Reads which permission is missing, as the authorizer of kube-apiserver says it: `cannot VERB resource "PLURAL" in
    /// API group "GROUP" in the namespace "NAMESPACE"`, or `at the cluster scope`.
    fn named_in(message: &str) -> Option<Self> {
        let (_, said) = message.split_once(" cannot ")?;
        let (verb, said) = said.split_once(" resource \"")?;
        let (plural, said) = said.split_once("\" in API group \"")?;
        let (group, place) = said.split_once('"')?;
        let place = place.strip_prefix(" in the namespace \"").and_then(|place| place.split_once('"'));
        let dot = if group.is_empty() { "" } else { "." };
        Some(Self {
            verb: verb.to_owned(),
            resource: format!("{plural}{dot}{group}"),
            namespace: place.map(|(namespace, _)| namespace.to_owned()),
        })
    }
}

/// `patch secrets in the namespace a`.
impl fmt::Display for Permission {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.verb, self.resource)?;
        match &self.namespace {
            Some(namespace) => write!(formatter, " in the namespace {namespace}"),
            None => formatter.write_str(" in the whole cluster"),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Error for Why {}

#[cfg(test)]
mod tests {
    use kube::core::Status;

    use super::*;

    fn refused(code: u16, reason: &str, message: &str) -> ClusterError {
        let status = Status::failure(message, reason).with_code(code);
        ClusterError::from_client("apply", "Secret a/b", &kube::Error::Api(status.boxed()))
    }

    #[test]
    fn a_missing_permission_is_named() {
        let error = refused(
            403,
            "Forbidden",
            "secrets \"b\" is forbidden: User \"me\" cannot patch resource \"secrets\" in API group \"\" in the namespace \"a\"",
        );
        assert_eq!(error.to_string(), "cannot apply Secret a/b");
        let hint = "it takes the permission to patch secrets in the namespace a; --as and --context act as somebody else";
        assert_eq!(error.hint().as_deref(), Some(hint));
        let message =
            "User \"me\" cannot create resource \"deployments\" in API group \"apps\" at the cluster scope";
        let named = Permission::named_in(message).unwrap();
        assert_eq!(named.to_string(), "create deployments.apps in the whole cluster");
    }

    #[test]
    fn what_is_forbidden_for_another_reason_names_no_permission() {
        let error =
            refused(403, "Forbidden", "pods \"b\" is forbidden: violates PodSecurity \"restricted:latest\"");
        assert_eq!((error.reason.clone(), error.hint()), (Reason::Forbidden(None), None));
    }

    #[test]
    fn a_kind_that_is_not_served_is_not_an_object_that_is_not_there() {
        assert_eq!(refused(404, "NotFound", "no such Secret").reason, Reason::NotFound);
        assert_eq!(
            refused(404, "Failed to parse error data", "404 page not found").reason,
            Reason::UnknownKind
        );
    }

    #[test]
    fn a_certificate_that_is_not_trusted_is_told_from_a_cluster_that_is_away() {
        let service = |error: io::Error| Reason::from(&kube::Error::Service(Box::new(error)));
        let unknown = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        assert_eq!(service(io::Error::other(unknown)), Reason::Untrusted);
        assert_eq!(service(io::ErrorKind::ConnectionRefused.into()), Reason::Unreachable);
    }
}
