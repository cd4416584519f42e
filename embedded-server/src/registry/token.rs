//! Continue tokens: where a page ended and in which state.
//!
//! Source of the form: `apiserver/pkg/storage/continue.go`.

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::{DecodeError, Engine};
use serde::{Deserialize, Serialize};

use crate::meta::{ApiError, Revision};

const VERSION: &str = "meta.k8s.io/v1";

/// A place in a list. Opaque to clients; its start is relative to the list's own prefix.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Token {
    v: String,
    /// The revision of the list; −1 to go on with whatever is newest.
    rv: i64,
    start: String,
}

impl Token {
    /// Returns the token for what comes after `last` in a list of the keys that begin with `prefix`.
    pub(super) fn after(last: &str, prefix: &str, at: Revision) -> Self {
        let relative = last.strip_prefix(prefix).unwrap_or(last);
        let rv = i64::try_from(at.0).unwrap_or(i64::MAX);
        Self { v: VERSION.to_owned(), rv, start: format!("{relative}\0") }
    }

    pub(super) fn encode(&self) -> String {
        // A struct of two strings and a number always serializes.
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    pub(super) fn decode(text: &str) -> Result<Self, ApiError> {
        let invalid = |why: String| {
            ApiError::bad_request(format!("invalid continue token: continue key is not valid{why}"))
        };
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|error| invalid(no_base64(&error)))?;
        let token: Self = serde_json::from_slice(&bytes).map_err(|error| invalid(format!(": {error}")))?;
        match () {
            () if token.v != VERSION => {
                Err(invalid(format!(": server does not recognize this encoded version {}", token.v)))
            }
            () if token.rv == 0 => {
                Err(invalid(format!(": incorrect encoded start resourceVersion (version {VERSION})")))
            }
            () if token.start.is_empty() => {
                Err(invalid(format!(": encoded start key empty (version {VERSION})")))
            }
            () if token.leaves_the_list() => Err(invalid(format!(": {}", token.start))),
            () => Ok(token),
        }
    }

    /// Tells whether the start could be a key of another list.
    fn leaves_the_list(&self) -> bool {
        self.relative_start().split('/').any(|part| matches!(part, "" | "." | ".."))
    }

    fn relative_start(&self) -> &str {
        self.start.strip_prefix('/').unwrap_or(&self.start)
    }

    /// Returns the key to begin at.
    pub(super) fn start(&self, prefix: &str) -> String {
        format!("{prefix}{}", self.relative_start())
    }

    /// Returns the revision of the list, or none to go on with whatever is newest.
    pub(super) fn revision(&self) -> Option<Revision> {
        u64::try_from(self.rv).ok().map(Revision)
    }

    fn inconsistent(&self) -> Self {
        Self { rv: -1, ..self.clone() }
    }
}

/// Says in Go's words why a text is not in base64.
fn no_base64(error: &DecodeError) -> String {
    let at = match error {
        DecodeError::InvalidByte(at, _) | DecodeError::InvalidLastSymbol(at, _) => *at,
        DecodeError::InvalidLength(length) => length - length % 4,
        DecodeError::InvalidPadding => 0,
    };
    format!(": illegal base64 data at input byte {at}")
}

/// 410 for a token whose state is no longer known, with one to go on from the newest state instead.
pub(super) fn expired(token: &Token) -> ApiError {
    ApiError::expired(
        "The provided continue parameter is too old to display a consistent list result. You can start a new \
         list without the continue parameter, or use the continue token in this response to retrieve the \
         remainder of the results. Continuing with the provided token results in an inconsistent list - objects \
         that were created, modified, or deleted between the time the first chunk was returned and now may show \
         up in the list.",
    )
    .with_continue(token.inconsistent().encode())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_its_journey() {
        let token = Token::after("ns/a", "ns/", Revision(7));
        let back = Token::decode(&token.encode()).unwrap();
        assert_eq!(back, token);
        assert_eq!(back.start("ns/"), "ns/a\0");
        assert_eq!(back.revision(), Some(Revision(7)));
        assert_eq!(back.inconsistent().revision(), None);
    }

    #[test]
    fn tokens_that_nobody_was_given_are_refused() {
        let forged = [
            (
                r#"{"v":"meta.k8s.io/v2","rv":1,"start":"a"}"#,
                "server does not recognize this encoded version meta.k8s.io/v2",
            ),
            (
                r#"{"v":"meta.k8s.io/v1","rv":0,"start":"a"}"#,
                "incorrect encoded start resourceVersion (version meta.k8s.io/v1)",
            ),
            (
                r#"{"v":"meta.k8s.io/v1","rv":1,"start":""}"#,
                "encoded start key empty (version meta.k8s.io/v1)",
            ),
            (r#"{"v":"meta.k8s.io/v1","rv":1,"start":"../other/a"}"#, "../other/a"),
            (r#"{"v":"meta.k8s.io/v1","rv":1,"start":"ns//a"}"#, "ns//a"),
        ];
        let refused = |text: &str| Token::decode(text).unwrap_err();
        for (token, why) in forged {
            let error = refused(&URL_SAFE_NO_PAD.encode(token));
            let expected = format!("invalid continue token: continue key is not valid: {why}");
            assert_eq!((error.code(), error.message()), (400, expected.as_str()), "{token}");
        }
        let why = "invalid continue token: continue key is not valid: illegal base64 data at input byte 2";
        assert_eq!(refused("ab!d").message(), why);
        assert_eq!(refused(&URL_SAFE_NO_PAD.encode("[]")).code(), 400);
    }

    #[test]
    fn a_start_may_begin_with_a_slash() {
        let token = URL_SAFE_NO_PAD.encode(r#"{"v":"meta.k8s.io/v1","rv":1,"start":"/a\u0000"}"#);
        assert_eq!(Token::decode(&token).unwrap().start("ns/"), "ns/a\0");
    }
}
