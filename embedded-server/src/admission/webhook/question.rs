//! What a webhook is asked: an `AdmissionReview`.
//!
//! Source: `apiserver/pkg/admission/plugin/webhook/request/admissionreview.go`.

use serde_json::{Map, Value, json};

use super::matching::Invocation;
use super::subject::{Pair, Subject};
use crate::meta::{Descriptor, Subresource, UserInfo};

/// A version of `admission.k8s.io`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReviewVersion {
    V1,
    V1Beta1,
}

impl ReviewVersion {
    /// Returns the first of a list that is known.
    pub(super) fn first_of(versions: &[String]) -> Option<Self> {
        versions.iter().find_map(|version| match version.as_str() {
            "v1" => Some(Self::V1),
            "v1beta1" => Some(Self::V1Beta1),
            _ => None,
        })
    }

    pub(super) fn api_version(self) -> &'static str {
        match self {
            Self::V1 => "admission.k8s.io/v1",
            Self::V1Beta1 => "admission.k8s.io/v1beta1",
        }
    }
}

/// Returns the review that a webhook is sent.
pub(super) fn review(
    version: ReviewVersion,
    invocation: Invocation<'_>,
    subject: &Subject<'_>,
    objects: Pair,
    uid: &str,
) -> Value {
    let mut request = request(invocation, subject, uid);
    request["object"] = objects.new.unwrap_or_default();
    request["oldObject"] = objects.old.unwrap_or_default();
    json!({"kind": "AdmissionReview", "apiVersion": version.api_version(), "request": request})
}

/// Returns what is asked, without the objects.
pub(super) fn request(invocation: Invocation<'_>, subject: &Subject<'_>, uid: &str) -> Value {
    let (review, shown) = (subject.review, invocation.version);
    let part = review.subresource.map(Subresource::as_str);
    let mut request = json!({
        "uid": uid,
        "kind": kind(shown),
        "resource": resource(shown),
        "requestKind": kind(review.resource),
        "requestResource": resource(review.resource),
        "operation": review.operation.as_str(),
        "userInfo": user(review.user),
        "dryRun": review.dry_run,
        "options": review.objects.options(),
    });
    let optional = [
        ("subResource", part.unwrap_or_default()),
        ("requestSubResource", part.unwrap_or_default()),
        ("name", subject.name()),
        ("namespace", review.namespace),
    ];
    for (field, text) in optional.into_iter().filter(|(_, text)| !text.is_empty()) {
        request[field] = text.into();
    }
    request
}

fn kind(of: &Descriptor) -> Value {
    json!({"group": of.group, "version": of.version, "kind": of.kind})
}

fn resource(of: &Descriptor) -> Value {
    json!({"group": of.group, "version": of.version, "resource": of.plural})
}

fn user(user: &UserInfo) -> Value {
    let fields = [
        ("username", Value::from(user.name.as_str()), user.name.is_empty()),
        ("uid", user.uid.as_str().into(), user.uid.is_empty()),
        ("groups", user.groups.clone().into(), user.groups.is_empty()),
        ("extra", json!(user.extra), user.extra.is_empty()),
    ];
    let there = fields.into_iter().filter(|(_, _, empty)| !empty);
    there.map(|(name, value, _)| (name.to_owned(), value)).collect::<Map<_, _>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_version_that_is_known_counts() {
        let first = |versions: &[&str]| {
            ReviewVersion::first_of(&versions.iter().map(|&version| version.to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(first(&[]), None);
        assert_eq!(first(&["v2", "V1", ""]), None);
        assert_eq!(first(&["v2", "v1beta1", "v1"]), Some(ReviewVersion::V1Beta1));
        assert_eq!(first(&["v1", "v1beta1"]), Some(ReviewVersion::V1));
    }
}
