//! Image references. Source of the grammar: distribution/reference.

use std::str::FromStr;

use thiserror::Error;

/// A reference to a container image: `[HOST[:PORT]/]NAME[:TAG][@ALGORITHM:DIGEST]`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Image(String);

/// Why a text refers to no image.
#[derive(Debug, Error, Eq, PartialEq)]
pub(crate) enum ImageError {
    /// A part of the name.
    #[error("its name must be of lowercase letters and digits, joined by '.', '_', '__' or '-', and by '/'")]
    Name,
    /// The tag.
    #[error("its tag must be of at most 128 letters, digits, '_', '.' and '-'")]
    Tag,
    /// The digest.
    #[error("its digest must be sha256: and 64 hexadecimal digits")]
    Digest,
    /// The registry.
    #[error("its registry must be a host name, with a port at most")]
    Registry,
    /// All of it.
    #[error("its name is longer than 255 characters")]
    TooLong,
}

impl Image {
    /// Returns the reference.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the tag, where it has one.
    pub(crate) fn tag(&self) -> Option<&str> {
        let name = self.0.split_once('@').map_or(self.0.as_str(), |(name, _)| name);
        split_tag(name).1
    }
}

impl FromStr for Image {
    type Err = ImageError;

    fn from_str(text: &str) -> Result<Self, ImageError> {
        let (rest, digest) = text.split_once('@').map_or((text, None), |(rest, digest)| (rest, Some(digest)));
        let (name, tag) = split_tag(rest);
        let (registry, path) = split_registry(name);
        check(registry.is_none_or(is_registry), ImageError::Registry)?;
        check(path.split('/').all(is_component), ImageError::Name)?;
        check(tag.is_none_or(is_tag), ImageError::Tag)?;
        check(digest.is_none_or(is_digest), ImageError::Digest)?;
        check(name.len() <= 255, ImageError::TooLong)?;
        Ok(Self(text.to_owned()))
    }
}

fn check(holds: bool, error: ImageError) -> Result<(), ImageError> {
    if holds { Ok(()) } else { Err(error) }
}

/// A colon before the last slash belongs to the port of the registry.
fn split_tag(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (text, None),
    }
}

/// The first part is a registry if it could be no part of a name: that is how everybody tells them apart.
fn split_registry(name: &str) -> (Option<&str>, &str) {
    match name.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (Some(first), rest),
        _ => (None, name),
    }
}

fn is_registry(text: &str) -> bool {
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.split('.').all(is_label) && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

/// Runs of letters and digits with a separator between each two.
fn is_component(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let edges = text.starts_with(is_word) && text.ends_with(is_word);
    let mut separators = text.split(is_word).filter(|separator| !separator.is_empty());
    edges
        && separators.all(|separator| {
            matches!(separator, "." | "_" | "__") || separator.bytes().all(|byte| byte == b'-')
        })
}

fn is_tag(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= 128
        && text.bytes().next().is_some_and(is_word)
        && text.bytes().all(|byte| is_word(byte) || byte == b'.' || byte == b'-')
}

fn is_digest(text: &str) -> bool {
    let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64 && hex.bytes().all(hexadecimal))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> ImageError {
        text.parse::<Image>().unwrap_err()
    }

    #[test]
    fn every_usual_form_is_an_image() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        for text in [
            "wfctl",
            "wfctl:1",
            "library/wfctl:v1.2.3-rc.1_x",
            "localhost/wfctl",
            "localhost:5000/a/b__c/d-e--f:latest",
            "10.0.0.7:5000/wfctl",
            "ghcr.io/wfctl/wfctl:0.1.0",
            &format!("ghcr.io/wfctl/wfctl@{digest}"),
            &format!("ghcr.io/wfctl/wfctl:0.1.0@{digest}"),
            super::super::DEFAULT_IMAGE,
        ] {
            assert_eq!(text.parse::<Image>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn what_is_wrong_with_others_is_said() {
        for text in ["", "Wfctl", "a b", "a/", "/a", "a//b", "a:1 ", "-a", "a___b", "a\n", "${x}"] {
            let error = refused(text);
            assert!(matches!(error, ImageError::Name | ImageError::Tag), "{text:?}: {error}");
        }
        assert_eq!(refused("a:"), ImageError::Tag);
        assert_eq!(refused("a:.x"), ImageError::Tag);
        assert_eq!(refused(&format!("a:{}", "x".repeat(129))), ImageError::Tag);
        assert_eq!(refused("a@sha256:12"), ImageError::Digest);
        assert_eq!(refused("example.com:port/a"), ImageError::Registry);
        assert_eq!(refused("-.example.com/a"), ImageError::Registry);
        assert_eq!(refused(&"a".repeat(256)), ImageError::TooLong);
    }

    #[test]
    fn the_tag_is_what_stands_behind_the_name() {
        let tag = |text: &str| text.parse::<Image>().unwrap().tag().map(ToOwned::to_owned);
        assert_eq!(tag("localhost:5000/a:1"), Some("1".to_owned()));
        assert_eq!(tag("localhost:5000/a"), None);
        assert_eq!(tag(&format!("a:1@sha256:{}", "00".repeat(32))), Some("1".to_owned()));
    }
}
