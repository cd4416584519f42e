//! An answer that is the same for everybody and as long as the process lives.

use std::fmt::Write;

use bytes::Bytes;
use serde_json::Value;
use sha2::{Digest, Sha512};

/// An immutable body with its entity tag, both made once. A clone shares the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    body: Bytes,
    etag: String,
}

impl Document {
    /// Takes a body as it is sent.
    pub fn new(body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let etag = format!("\"{}\"", upper_hex(&Sha512::digest(&body)));
        Self { body, etag }
    }

    /// Takes another form of a document over: one tag stands for all forms of the same content.
    pub fn in_form(&self, body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), etag: self.etag.clone() }
    }

    /// Encodes a value as compact JSON.
    pub fn json(value: &Value) -> Self {
        Self::new(value.to_string())
    }

    /// Encodes a value as compact JSON that ends in a line feed, as answers of the API machinery do.
    pub fn json_line(value: &Value) -> Self {
        Self::new(format!("{value}\n"))
    }

    /// Returns the bytes to send.
    pub fn body(&self) -> Bytes {
        self.body.clone()
    }

    /// Returns the entity tag as the `ETag` header spells it: the body's SHA-512 in quoted upper-case hex.
    pub fn etag(&self) -> &str {
        &self.etag
    }

    /// Returns the entity tag without its quotes, as the `hash` of a URL spells it.
    pub fn hash(&self) -> &str {
        self.etag.trim_matches('"')
    }

    /// Tells whether an `If-None-Match` header names this document, so that 304 is the answer.
    pub fn matches(&self, if_none_match: &str) -> bool {
        let strong = |tag: &str| tag.trim().trim_start_matches("W/") == self.etag;
        if_none_match.trim() == "*" || if_none_match.split(',').any(strong)
    }
}

fn upper_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02X}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_etag_is_the_quoted_upper_case_sha512_of_the_body() {
        let document = Document::new("abc");
        assert!(document.etag().starts_with("\"DDAF35A193617ABACC417349AE204131"));
        assert!(document.etag().ends_with("A54CA49F\""));
        assert_eq!(document.hash().len(), 128);
    }

    #[test]
    fn if_none_match_may_list_tags_mark_them_weak_or_name_any() {
        let document = Document::new("abc");
        assert!(document.matches(&format!("\"X\", W/{}", document.etag())));
        assert!(document.matches("*"));
        assert!(!document.matches("\"X\""));
    }
}
