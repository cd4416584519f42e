//! What a webhook answers, checked.
//!
//! Source: `apiserver/pkg/admission/plugin/webhook/request/admissionreview.go`,
//! `apiserver/pkg/admission/plugin/webhook/errors/statuserror.go`.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;

use super::question::ReviewVersion;
use crate::meta::{ApiError, Status};

/// The answer to a review.
#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Answer {
    uid: String,
    pub(super) allowed: bool,
    status: Option<Status>,
    patch: Option<String>,
    patch_type: Option<String>,
    audit_annotations: Option<BTreeMap<String, String>>,
    warnings: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Reviewed {
    api_version: String,
    kind: String,
    response: Option<Answer>,
}

/// Who is to be answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'a> {
    pub(super) version: ReviewVersion,
    pub(super) uid: &'a str,
    /// Whether the object may be changed.
    pub(super) mutating: bool,
}

impl Answer {
    /// Reads the body of an answer.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub(super) fn read(body: &[u8], expected: Expected<'_>) -> Result<Self, String> {
        let reviewed: Reviewed =
            serde_json::from_slice(body).map_err(|error| format!("it is no AdmissionReview: {error}"))?;
        let answer = reviewed.response.ok_or("webhook response was absent")?;
        if expected.version == ReviewVersion::V1 {
            let (wanted, uid) = (expected.uid, &answer.uid);
            if uid != wanted {
                return Err(format!("expected response.uid={wanted:?}, got {uid:?}"));
            }
            let (wanted, got) = (expected.version.api_version(), &reviewed.api_version);
            if (got.as_str(), reviewed.kind.as_str()) != (wanted, "AdmissionReview") {
                let kind = &reviewed.kind;
                return Err(format!(
                    "expected webhook response of {wanted}, Kind=AdmissionReview, got {got}, Kind={kind}"
                ));
            }
            answer.check_patch(expected.mutating)?;
        }
        Ok(answer)
    }

    fn check_patch(&self, mutating: bool) -> Result<(), String> {
        let patch = self.patch.as_ref().is_some_and(|patch| !patch.is_empty());
        let wrong = match (mutating, patch, self.patch_type.as_deref()) {
            (false, true, _) => "validating webhook may not return response.patch",
            (false, _, Some(_)) => "validating webhook may not return response.patchType",
            (true, true, None) => "webhook returned response.patch but not response.patchType",
            (true, false, Some(_)) => "webhook returned response.patchType but not response.patch",
            (true, _, Some("")) => "webhook returned invalid response.patchType of \"\"",
            _ => return Ok(()),
        };
        Err(wrong.to_owned())
    }

    /// Returns the bytes of the patch, if there is one.
    ///
    /// # Errors
    /// When it is none that can be read.
    pub(super) fn patch(&self) -> Result<Option<Vec<u8>>, String> {
        let Some(patch) = self.patch.as_ref().filter(|patch| !patch.is_empty()) else { return Ok(None) };
        match self.patch_type.as_deref() {
            None | Some("JSONPatch") => {}
            Some(other) => return Err(format!("unsupported patch type {other:?}")),
        }
        let bytes = BASE64_STANDARD.decode(patch);
        bytes.map(Some).map_err(|error| format!("received undecodable patch in webhook response: {error}"))
    }

    /// Returns what the client is told when the webhook does not allow the write.
    pub(super) fn denial(&mut self, hook: &str) -> ApiError {
        let mut status = self.status.take().unwrap_or_default();
        let denied = format!("admission webhook {hook:?} denied the request");
        let some = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        status.message = Some(match some(&status.message).or_else(|| some(&status.reason)) {
            Some(why) => format!("{denied}: {why}"),
            None => format!("{denied} without explanation"),
        });
        ApiError::told(status)
    }

    pub(super) fn take_warnings(&mut self) -> Vec<String> {
        self.warnings.take().unwrap_or_default()
    }

    pub(super) fn take_annotations(&mut self) -> BTreeMap<String, String> {
        self.audit_annotations.take().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ASKED: Expected<'_> = Expected { version: ReviewVersion::V1, uid: "u", mutating: true };

    fn body(response: &Value) -> Vec<u8> {
        let review =
            json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response});
        review.to_string().into_bytes()
    }

    fn read(response: &Value, mutating: bool) -> Result<Answer, String> {
        Answer::read(&body(response), Expected { mutating, ..ASKED })
    }

    #[test]
    fn what_is_no_answer_to_the_question_is_refused() {
        for wrong in [
            "",
            "null",
            "[]",
            "{}",
            "<html>",
            r#"{"response": null}"#,
            r#"{"response": {"uid": "u", "allowed": "yes"}}"#,
            r#"{"response": {"uid": "u", "allowed": true}}"#,
            r#"{"apiVersion": "admission.k8s.io/v1beta1", "kind": "AdmissionReview", "response": {"uid": "u"}}"#,
            r#"{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": {"allowed": true}}"#,
        ] {
            assert!(Answer::read(wrong.as_bytes(), ASKED).is_err(), "{wrong}");
        }
        assert_eq!(
            read(&json!({"uid": "x", "allowed": true}), true).unwrap_err(),
            "expected response.uid=\"u\", got \"x\""
        );
    }

    #[test]
    fn a_patch_and_its_type_come_together_and_to_those_who_may_change() {
        for (mutating, response, sound) in [
            (true, json!({"uid": "u", "patch": "W10="}), false),
            (true, json!({"uid": "u", "patchType": "JSONPatch"}), false),
            (true, json!({"uid": "u", "patch": "W10=", "patchType": ""}), false),
            (false, json!({"uid": "u", "patch": "W10="}), false),
            (false, json!({"uid": "u", "patchType": "JSONPatch"}), false),
            (true, json!({"uid": "u", "patch": "W10=", "patchType": "JSONPatch"}), true),
            (false, json!({"uid": "u"}), true),
        ] {
            assert_eq!(read(&response, mutating).is_ok(), sound, "{response}");
        }
    }

    #[test]
    fn a_patch_is_json_patch_in_base64() {
        let patch = |patch: &str, of: &str| {
            read(&json!({"uid": "u", "patch": patch, "patchType": of}), true).unwrap().patch()
        };
        assert!(patch("%", "JSONPatch").is_err());
        assert_eq!(patch("W10=", "MergePatch").unwrap_err(), "unsupported patch type \"MergePatch\"");
        assert_eq!(patch("W10=", "JSONPatch").unwrap(), Some(b"[]".to_vec()));
        assert_eq!(Answer::default().patch(), Ok(None));
    }

    #[test]
    fn the_older_form_needs_neither_uid_nor_type() {
        let body = br#"{"response": {"allowed": true, "patch": "W10="}}"#;
        let answer = Answer::read(body, Expected { version: ReviewVersion::V1Beta1, ..ASKED }).unwrap();
        assert!(answer.allowed && answer.patch().unwrap().is_some());
    }

    #[test]
    fn a_denial_is_in_the_words_of_the_webhook_and_never_a_success() {
        let denied = |status: Value| {
            let error = read(&json!({"uid": "u", "status": status}), true).unwrap().denial("h");
            (error.code(), error.message().to_owned(), error.status().status.clone())
        };
        let failure = Some("Failure".to_owned());
        let words = |words: &str| format!("admission webhook \"h\" denied the request{words}");
        assert_eq!(denied(Value::Null), (400, words(" without explanation"), failure.clone()));
        assert_eq!(
            denied(json!({"code": 200, "status": "Success", "message": "no"})),
            (400, words(": no"), failure.clone())
        );
        assert_eq!(denied(json!({"code": -1, "reason": "Why"})), (400, words(": Why"), failure.clone()));
        assert_eq!(denied(json!({"code": 99999, "message": ""})).0, 500);
        assert_eq!(denied(json!({"code": 403, "message": "no"})), (403, words(": no"), failure));
    }
}
