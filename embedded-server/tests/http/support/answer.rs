//! What came back.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};

/// An answer with all of its body.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// Fails unless the answer has a status code.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Returns a header, empty when it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// Returns the texts of all warnings.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let values = self.headers.get_all("warning").iter();
        let texts = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        texts.map(|text| text.strip_prefix("299 - ").expect("code and agent").to_owned()).collect()
    }

    /// Fails unless the answer is the `Status` of a failure with just this code, reason and message; returns
    /// it.
    #[track_caller]
    pub(crate) fn failure(&self, code: u16, reason: &str, message: &str) -> Value {
        let status = self.any_failure(code, reason);
        assert_eq!(status["message"], message);
        status
    }

    /// Fails unless the answer is the `Status` of a failure with this code and reason; returns it.
    #[track_caller]
    pub(crate) fn any_failure(&self, code: u16, reason: &str) -> Value {
        assert_eq!(self.status, code, "{}", self.text());
        let status = self.json();
        assert_eq!(status["kind"], "Status", "{status}");
        assert_eq!(status["apiVersion"], "v1");
        assert!(status["metadata"].is_object(), "{status}");
        assert_eq!(status["status"], "Failure");
        assert_eq!(status["code"], code);
        assert_eq!(status["reason"].as_str().unwrap_or_default(), reason, "{status}");
        assert!(status["message"].is_string(), "{status}");
        status
    }

    /// Fails unless the answer says that an object breaks just these rules, as `field: message`; returns the
    /// status.
    #[track_caller]
    pub(crate) fn causes(&self, causes: &[(&str, &str, &str)]) -> Value {
        let status = self.any_failure(422, "Invalid");
        let expected: Vec<Value> = causes
            .iter()
            .map(|(reason, field, message)| json!({"reason": reason, "field": field, "message": message}))
            .collect();
        assert_eq!(status["details"]["causes"], Value::Array(expected), "{status:#}");
        status
    }
}
